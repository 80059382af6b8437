"""A client on a connection of its own, of which a thousand run in one thread."""

import asyncio
import json
import re
from dataclasses import dataclass

READ_BYTES = 1 << 16
CHUNKED_END = b"\r\n0\r\n\r\n"


@dataclass
class Answer:
    status: int
    head: str
    body: bytes

    def field(self, name):
        found = re.search(rf"(?im)^{name}: (.*?)\r?$", self.head)
        return found[1] if found else None

    def payload(self):
        """The body, however it was cut into chunks."""
        if self.field("content-length") is not None:
            return self.body
        rest, whole = self.body.removeprefix(b"\r\n"), b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            whole, rest = whole + rest[:int(size, 16)], rest[int(size, 16) + 2:]
        return whole


class Caller:
    """One client on one connection."""

    def __init__(self, address, key):
        self.host, port = address.removeprefix("http://").split(":")
        self.port, self.key = int(port), key
        self.reader = self.writer = None

    async def open(self, gate):
        async with gate:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    def close(self):
        if self.writer:
            self.writer.transport.abort()
        self.reader = self.writer = None

    def send(self, body, fields=""):
        """`fields`: whole lines of the head, each with CR LF."""
        text = json.dumps(body).encode()
        self.writer.write((f"POST /v1/chat/completions HTTP/1.1\r\nhost: {self.host}\r\n"
                           f"authorization: Bearer {self.key}\r\ncontent-type: application/json\r\n"
                           f"{fields}content-length: {len(text)}\r\n\r\n").encode() + text)

    async def call(self, body, fields=""):
        self.send(body, fields)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        answer = Answer(int(head.split(" ", 2)[1]), head, b"")
        length = answer.field("content-length")
        if length is not None:
            answer.body = await self.reader.readexactly(int(length))
            return answer
        got = bytearray(b"\r\n")
        while not got.endswith(CHUNKED_END):
            more = await self.reader.read(READ_BYTES)
            if not more:
                raise ConnectionError("the answer breaks off")
            got += more
        answer.body = bytes(got)
        return answer

    async def leave_after(self, body, size, fields=""):
        """Reads so many bytes of the answer, its head included, and hangs up."""
        self.send(body, fields)
        left = size
        while left > 0 and (got := await self.reader.read(min(left, READ_BYTES))):
            left -= len(got)
        self.close()
