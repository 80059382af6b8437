"""Two targets of one model: one that browns out, and one that stands in for it."""

import asyncio
import contextlib
import json
import pathlib
import sys
import time

PROJECT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT / "tests/mock"))

from mock_provider import HEAD_END, openai_stream, read_body  # noqa: E402

PIECES = 10
FIRST_TOKEN_SECONDS, GAP_SECONDS = 0.5, 0.05  # of a healthy target
BROWN_FIRST_TOKEN_SECONDS, BROWN_ERRORS = 10, 0.3
RETRY_AFTER_SECONDS = 1
# What is left of a stand-in: at 40 % of the rate, so many streams run at once.
LIMITED_SHARE = 0.4


class Target:
    """One provider, and when each request came to it."""

    def __init__(self, name, rng):
        self.name, self.rng = name, rng
        self.brown = False
        self.streams_max = None  # at once; None: any number
        self.slows = False  # beyond that many it gets slower, and does not refuse
        self.running = self.open = 0
        self.arrivals = []
        self.port = 0
        self.server = None

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def close(self):
        """When all who were connected have left."""
        self.server.close()
        while self.open:
            await asyncio.sleep(0.01)

    async def serve(self, reader, writer):
        self.open += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(HEAD_END)).decode("latin-1")
                first, *lines = head.split("\r\n")[:-2]
                fields = {k.lower(): v.strip() for k, v in (one.split(":", 1) for one in lines)}
                body = await read_body(reader, fields)
                if not first.startswith("POST "):
                    await answer(writer, 404, {"error": {"message": "none", "type": "none"}})
                    continue
                self.arrivals.append(time.monotonic())
                await self.one(reader, writer, json.loads(body)["model"])
        self.open -= 1
        writer.close()

    async def one(self, reader, writer, model):
        self.running += 1
        try:
            full = self.streams_max is not None and self.running > self.streams_max
            if self.brown and self.rng.random() < BROWN_ERRORS:
                await refuse(writer, 503, "server_is_overloaded")
            elif full and not self.slows:
                await refuse(writer, 429, "rate_limit_exceeded",
                             f"retry-after: {RETRY_AFTER_SECONDS}\r\n")
            else:
                await self.stream(reader, writer, model)
        finally:
            self.running -= 1

    async def stream(self, reader, writer, model):
        await self.wait(reader, BROWN_FIRST_TOKEN_SECONDS if self.brown else FIRST_TOKEN_SECONDS)
        usage = {"prompt_tokens": 10, "completion_tokens": PIECES, "total_tokens": 10 + PIECES}
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                     b"transfer-encoding: chunked\r\n\r\n")
        for raw, pieces in openai_stream(model, [" word"] * PIECES, usage, True):
            writer.write(b"%x\r\n%s\r\n" % (len(raw), raw))
            await writer.drain()
            if pieces:
                await self.wait(reader, GAP_SECONDS)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def wait(self, reader, seconds):
        """So long, and longer where more run than there is room for; not for a peer that left."""
        if self.slows and self.streams_max:
            seconds *= max(1, self.running / self.streams_max)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await reader.read(1)
            raise ConnectionError("the peer has left")


async def refuse(writer, status, code, fields=""):
    error = {"message": f"the target says {status}", "type": code, "param": None, "code": code}
    await answer(writer, status, {"error": error}, fields)


async def answer(writer, status, body, fields=""):
    raw = json.dumps(body).encode()
    writer.write(f"HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{fields}"
                 f"content-length: {len(raw)}\r\n\r\n".encode() + raw)
    await writer.drain()


def stand_in_streams(rate):
    """How many streams a stand-in of that share has at once, at `rate` calls a second."""
    stream_seconds = FIRST_TOKEN_SECONDS + PIECES * GAP_SECONDS
    return max(1, round(rate * LIMITED_SHARE * stream_seconds))
