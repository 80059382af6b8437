"""One call on a connection of its own, and everything that comes back."""

import asyncio
import json

from faulty import PATHS
from reading import parse_reply


async def call(address, key, dialect, order, session="", seconds=30):
    """The reply as far as it came, up to the end of the connection."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request(host, key, dialect, order, session))
    raw = b""
    timed_out = False
    try:
        async with asyncio.timeout(seconds):
            while more := await reader.read(1 << 16):
                raw += more
    except TimeoutError:
        timed_out = True
    except ConnectionError:
        pass  # the reply is as whole as it is
    writer.transport.abort()
    return parse_reply(raw, timed_out)


def request(host, key, dialect, order, session):
    body = json.dumps(order).encode()
    named = f"x-recloser-session: {session}\r\n" if session else ""
    return (f"POST {PATHS[dialect]} HTTP/1.1\r\nhost: {host}\r\n"
            f"authorization: Bearer {key}\r\ncontent-type: application/json\r\n"
            f"anthropic-version: 2023-06-01\r\n{named}"
            f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n").encode() + body
