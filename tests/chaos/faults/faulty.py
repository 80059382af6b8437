"""A provider that goes wrong in the way its path says, and writes down what it really sent.

The first part of a path names the place that is asked, and `plans` has what that place does:
`bad` with one fault, `good` with a whole answer. Answers have the shapes of tests/mock. Every
request is a `Delivery`: the only truth that clients and books are held against.
"""

import asyncio
import contextlib
import fcntl
import json
import pathlib
import socket
import struct
import sys
from dataclasses import dataclass, field

PROJECT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT / "tests/mock"))

from mock_provider import (HEAD_END, anthropic_stream, openai_stream, read_body,  # noqa: E402
                           responses_stream, sse, whole_answer)

PIECES = 40  # of a whole answer: one token of o200k_base each
PIECES_BEFORE_A_FAULT = 20
INPUT_TOKENS = 108  # what it says that every prompt was
RETRY_AFTER_SECONDS = 2
DRIP_SECONDS = 0.03  # between two bytes of a slow head, and two pieces of an endless answer
NO_LIST = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
READ_SECONDS = 0.02  # in which the gateway reads what came before a fault, as a rule
SIOCOUTQ = 0x5411  # bytes of a socket that its peer has not acknowledged
ACKNOWLEDGED_LOOKS_MAX = 1000
WORDS = {"bad": (" river", " stone", " cloud", " window", " garden"),
         "good": (" apple", " music", " paper", " winter", " bridge")}
STREAMS = {"chat": openai_stream, "messages": anthropic_stream, "responses": responses_stream}
PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}


@dataclass
class Delivery:
    """One request as its provider knows it."""

    place: str
    dialect: str
    request: dict = field(default_factory=dict)
    billed: bool = True  # it took the request, and did not refuse it
    may_be_free: bool = False  # it took it, and told an error or nothing at all
    said: tuple | None = None  # input and output tokens that it reported
    texts: list = field(default_factory=list)  # the readable pieces that were written
    garbled: int = 0  # events that nobody can read
    finished: bool = False  # to the end that the dialect asks for
    body: bytes = b""
    peer_closed: bool = False

    @property
    def text(self):
        return "".join(self.texts)

    @property
    def owed(self):
        """What it may charge: input and output tokens."""
        return (INPUT_TOKENS, len(self.texts) + self.garbled) if self.billed else (0, 0)


def error_body(dialect, kind, message):
    if dialect == "messages":
        return {"type": "error", "error": {"type": kind, "message": message}}
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def error_event(dialect):
    if dialect == "messages":
        return sse(error_body(dialect, "overloaded_error", "Overloaded"), "error")
    if dialect == "responses":
        failed = {"id": "resp_bad", "object": "response", "created_at": 1, "model": "m",
                  "status": "failed", "output": [],
                  "error": {"code": "server_error", "message": "Overloaded"}}
        return sse({"type": "response.failed", "response": failed, "sequence_number": 2},
                   "response.failed")
    return sse(error_body(dialect, "server_error", "Overloaded"))


class Answer:
    """One answer on its connection: what a fault is made of."""

    def __init__(self, writer, reader, delivery, stream):
        self.writer, self.reader = writer, reader
        self.delivery, self.stream = delivery, stream
        words = WORDS[delivery.place]
        self.pieces = [words[number % len(words)] for number in range(PIECES)]
        self.usage = {"prompt_tokens": INPUT_TOKENS, "completion_tokens": PIECES,
                      "total_tokens": INPUT_TOKENS + PIECES}
        self.model = f"m-{delivery.place}"

    def events(self):
        """(bytes, text) of the whole stream."""
        make = STREAMS[self.delivery.dialect]
        pieces = iter(self.pieces)
        return [(self.signed(raw), next(pieces) if count else "")
                for raw, count in make(self.model, self.pieces, self.usage, True)]

    def signed(self, raw):
        """With ids of its own, so that parts of two answers are told apart."""
        return raw.replace(b"mock", self.delivery.place.encode())

    def preamble(self):
        """What comes before the first piece of content."""
        events = self.events()
        first = next(number for number, (_, text) in enumerate(events) if text)
        return events[:first]

    def whole(self):
        path = PATHS[self.delivery.dialect]
        answer = whole_answer(path, self.model, self.pieces, self.usage)
        return self.signed(json.dumps(answer).encode())

    def head_bytes(self, status=200, length=None, content_type=None, **fields):
        if length is None:
            fields["transfer-encoding"] = "chunked"
        else:
            fields["content-length"] = str(length)
        kind = content_type or ("text/event-stream" if self.stream else "application/json")
        fields = {"content-type": kind, "connection": "close", **fields}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode()

    async def send(self, raw):
        self.writer.write(raw)
        await self.writer.drain()

    async def send_events(self, events):
        """In one chunk, so that no limit on silence is near."""
        raw = b"".join(raw for raw, _ in events)
        await self.send(b"%x\r\n%s\r\n" % (len(raw), raw))
        self.delivery.body += raw
        self.delivery.texts += [text for _, text in events if text]

    async def end_chunks(self):
        await self.send(b"0\r\n\r\n")

    async def body(self, status, payload, **fields):
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.delivery.body = raw
        await self.send(self.head_bytes(status, len(raw), **fields) + raw)

    async def error(self, status, kind, **fields):
        self.delivery.billed = False
        message = f"the provider says {status}"
        await self.body(status, error_body(self.delivery.dialect, kind, message),
                        content_type="application/json", **fields)

    async def half(self):
        """The head of a whole answer and half of its body, or of a stream and some content."""
        if self.stream:
            await self.send(self.head_bytes())
            events = self.events()
            after = sum(1 for _ in self.preamble()) + PIECES_BEFORE_A_FAULT
            await self.send_events(events[:after])
        else:
            raw = self.whole()
            self.delivery.texts = self.pieces[:PIECES_BEFORE_A_FAULT]
            self.delivery.body = raw[:len(raw) // 2]
            await self.send(self.head_bytes(length=len(raw)) + self.delivery.body)
        await asyncio.sleep(READ_SECONDS)

    async def begin(self):
        """A stream without any content yet."""
        await self.send(self.head_bytes())
        await self.send_events(self.preamble())
        await asyncio.sleep(READ_SECONDS)

    async def silence(self):
        """Says nothing more until the other end has left."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(1024):
                pass
        self.delivery.peer_closed = True

    async def reset(self):
        # What was sent must have arrived: an RST takes from the peer's kernel what is on its way.
        await acknowledged(self.writer)
        peer = self.writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


async def acknowledged(writer):
    """Waits until the peer's kernel has everything; nobody tells, so it looks."""
    peer = writer.get_extra_info("socket")
    for _ in range(ACKNOWLEDGED_LOOKS_MAX):
        if not any(fcntl.ioctl(peer.fileno(), SIOCOUTQ, bytes(4))):
            return
        await asyncio.sleep(0.001)


# --- what a place does, by name ---


async def healthy(answer):
    delivery = answer.delivery
    if answer.stream:
        await answer.send(answer.head_bytes())
        await answer.send_events(answer.events())
        await answer.end_chunks()
    else:
        delivery.texts = answer.pieces
        await answer.body(200, answer.whole())
    delivery.finished, delivery.said = True, (INPUT_TOKENS, PIECES)


async def hang(answer):
    await answer.silence()


async def slow_head(answer):
    with contextlib.suppress(ConnectionError):
        for byte in answer.head_bytes(length=1 << 20, **{"x-slow": "s" * 10_000}):
            await answer.send(bytes([byte]))
            await asyncio.sleep(DRIP_SECONDS)
    answer.delivery.peer_closed = True


def status(code, kind, **fields):
    async def answers(answer):
        await answer.error(code, kind, **fields)
    return answers


async def error_in_band(answer):
    answer.delivery.may_be_free = True
    if not answer.stream:
        answer.delivery.billed = False
        await answer.body(200, error_body(answer.delivery.dialect, "overloaded_error", "Full"))
        return
    await answer.begin()
    await answer.send_events([(error_event(answer.delivery.dialect), "")])
    await answer.end_chunks()


async def malformed(answer):
    delivery = answer.delivery
    if not answer.stream:
        raw = answer.whole()
        delivery.texts = answer.pieces[:PIECES_BEFORE_A_FAULT]
        await answer.body(200, raw[:len(raw) // 2])
        return
    events = answer.events()
    at = len(answer.preamble()) + PIECES_BEFORE_A_FAULT
    raw = events[at][0].rstrip()
    events[at] = (raw[:-len(raw) // 3] + b"\n\n", "")
    delivery.garbled = 1
    await answer.send(answer.head_bytes())
    await answer.send_events(events)
    await answer.end_chunks()
    delivery.finished, delivery.said = True, (INPUT_TOKENS, PIECES)


async def stall(answer):
    await answer.half()
    await answer.silence()


async def reset(answer):
    await answer.half()
    await answer.reset()


async def reset_first(answer):
    if answer.stream:
        await answer.begin()
    await answer.reset()


async def truncation(answer):
    await answer.half()
    if answer.stream:
        await answer.end_chunks()


async def nothing(answer):
    if not answer.stream:
        answer.delivery.may_be_free = True
        await answer.body(200, b"")
        return
    await answer.begin()
    await answer.end_chunks()


async def html(answer):
    answer.delivery.billed = False
    await answer.body(200, b"<html><body>log in</body></html>", content_type="text/html")


async def page(answer):
    """What a load balancer says in the place of a provider."""
    answer.delivery.billed = False
    await answer.body(502, b"<html><body>Bad Gateway</body></html>", content_type="text/html")


async def framing(answer):
    """Some content, and then what is no chunk."""
    if answer.stream:
        await answer.half()
    else:
        raw = answer.whole()
        answer.delivery.texts = answer.pieces[:PIECES_BEFORE_A_FAULT]
        await answer.send(answer.head_bytes())
        await answer.send_events([(raw[:len(raw) // 2], "")])
    await answer.send(b"no chunk\r\n")
    await answer.silence()


async def endless(answer):
    """Content for ever, and in a whole answer one string that never ends."""
    delivery = answer.delivery
    with contextlib.suppress(ConnectionError):
        await answer.send(answer.head_bytes())
        if answer.stream:
            events = answer.events()
            first = len(answer.preamble())
            await answer.send_events(events[:first])
            pieces = events[first:first + PIECES]
        else:
            raw = answer.whole()
            await answer.send_events([(raw[:raw.index(answer.pieces[0].encode())], "")])
            pieces = [(piece.encode(), piece) for piece in answer.pieces]
        while not answer.reader.at_eof():
            for event in pieces:
                await answer.send_events([event])
                await asyncio.sleep(DRIP_SECONDS)
    delivery.peer_closed = True


class FaultyProvider:
    """Serves every place of `plans`; `deliveries` has what each of them did."""

    def __init__(self, plans):
        self.plans = plans  # place name -> ("bad" | "good", dialect, coroutine of an Answer)
        self.deliveries = {name: [] for name in plans}
        self.open = 0  # calls whose connection is not closed yet
        self.server = None
        self.port = 0

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def close(self):
        self.server.close()

    async def serve(self, reader, writer):
        try:
            await self.one(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the other end left, or speaks something else than HTTP
        finally:
            writer.close()

    async def one(self, reader, writer):
        first = await reader.readexactly(1)
        if first == b"\x16":  # the hello of TLS, for which there is nobody here
            writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            return
        head = (first + await reader.readuntil(HEAD_END)).decode("latin-1")
        target, *lines = head.split("\r\n")[:-2]
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
        if target.startswith("GET "):  # the list of its models, which it has none of
            writer.write(NO_LIST)
            return
        body = json.loads(await read_body(reader, headers))
        name = target.split(" ")[1].split("/")[1]
        place, dialect, act = self.plans[name]
        delivery = Delivery(place, dialect, body)
        self.deliveries[name].append(delivery)
        self.open += 1
        try:
            await act(Answer(writer, reader, delivery, bool(body.get("stream"))))
            await writer.drain()
        finally:
            self.open -= 1
