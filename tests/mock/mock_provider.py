"""A second mock provider, so that our own simulated one is not the only truth.

    mock_provider.py [--port 0] [--script FILE]

What it does is scripted per model name: a JSON object {model: script}, from --script or by
`PUT /mock/script`; "*" is for every other model. The members of a script, all optional:

    status, headers, body      a whole answer as it stands (body: text, or JSON)
    recording                  a recorded exchange of $RECLOSER_SHARED/recordings
    events                     SSE events, in order: text goes out as it is, an object as `data:`,
                               one with "event" and "data" with both lines
    tokens                     instead of those: an answer of so many pieces (8), or max_tokens
    usage, input, piece        in it: "present", "absent" or "zero"; input tokens (10); the text
    delay_ms                   before the head
    gap_ms                     between two writes
    cut                        bytes of one write (default: one event)
    stall_after, reset_after, close_after, truncate_after
                               bytes of the body, then silence, RST, FIN, or an end for HTTP only

It counts for itself: `GET /mock/log` has every attempt with its times, what was written, and
whether and when the peer closed (`?TEXT` waits for that of one with TEXT in its request);
`GET /mock/counts` sums pieces per model; `DELETE /mock/log` forgets. The address is printed first.
"""

import argparse
import asyncio
import base64
import collections
import contextlib
import json
import os
import pathlib
import socket
import struct
import time

HERE = pathlib.Path(__file__).resolve().parent
SHARED = pathlib.Path(os.environ.get("RECLOSER_SHARED") or HERE.parents[2] / "shared")
FRAMING = {"content-length", "transfer-encoding", "content-encoding", "connection", "date"}
HEAD_END = b"\r\n\r\n"
ENDS = ("stall_after", "reset_after", "close_after", "truncate_after")


def sse(payload, event=None):
    name = f"event: {event}\n" if event else ""
    text = payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"))
    return f"{name}data: {text}\n\n".encode()


def openai_stream(model, pieces, usage, asked):
    base = {"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 1, "model": model}

    def chunk(delta, finish):
        return {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield sse(chunk({"role": "assistant", "content": ""}, None)), 0
    for piece in pieces:
        yield sse(chunk({"content": piece}, None)), 1
    yield sse(chunk({}, "stop")), 0
    if usage and asked:
        yield sse({**base, "choices": [], "usage": usage}), 0
    yield sse("[DONE]"), 0


def responses_stream(model, pieces, usage, _):
    text = "".join(pieces)
    item = {"id": "msg_mock", "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}
    response = {"id": "resp_mock", "object": "response", "created_at": 1, "model": model,
                "status": "in_progress", "output": [], "usage": None}
    done = {**response, "status": "completed", "output": [item],
            "usage": usage and {"input_tokens": usage["prompt_tokens"],
                                "output_tokens": usage["completion_tokens"],
                                "total_tokens": usage["total_tokens"]}}
    at = {"item_id": "msg_mock", "output_index": 0, "content_index": 0}
    events = [({"type": "response.created", "response": response}, 0),
              ({"type": "response.output_item.added", "output_index": 0,
                "item": {**item, "status": "in_progress", "content": []}}, 0)]
    events += [({"type": "response.output_text.delta", **at, "delta": p}, 1) for p in pieces]
    events += [({"type": "response.output_text.done", **at, "text": text}, 0),
               ({"type": "response.output_item.done", "output_index": 0, "item": item}, 0),
               ({"type": "response.completed", "response": done}, 0)]
    for number, (event, count) in enumerate(events):
        yield sse({**event, "sequence_number": number}, event["type"]), count


def anthropic_stream(model, pieces, usage, _):
    message = {"id": "msg_mock", "type": "message", "role": "assistant", "model": model,
               "content": [], "stop_reason": None, "stop_sequence": None,
               "usage": {"input_tokens": usage["prompt_tokens"] if usage else 0,
                         "output_tokens": 0}}
    ends = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}}
    if usage:
        ends["usage"] = {"output_tokens": usage["completion_tokens"]}
    block = {"index": 0, "content_block": {"type": "text", "text": ""}}
    yield sse({"type": "message_start", "message": message}, "message_start"), 0
    yield sse({"type": "content_block_start", **block}, "content_block_start"), 0
    for piece in pieces:
        delta = {"index": 0, "delta": {"type": "text_delta", "text": piece}}
        yield sse({"type": "content_block_delta", **delta}, "content_block_delta"), 1
    yield sse({"type": "content_block_stop", "index": 0}, "content_block_stop"), 0
    yield sse(ends, "message_delta"), 0
    yield sse({"type": "message_stop"}, "message_stop"), 0


def whole_answer(path, model, pieces, usage):
    text = "".join(pieces)
    if path.endswith("/messages"):
        figures = usage and {"input_tokens": usage["prompt_tokens"],
                             "output_tokens": usage["completion_tokens"]}
        return {"id": "msg_mock", "type": "message", "role": "assistant", "model": model,
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                "stop_sequence": None, **({"usage": figures} if usage else {})}
    if path.endswith("/responses"):
        *_, (last, _) = responses_stream(model, pieces, usage, True)
        return json.loads(last.split(b"data: ", 1)[1])["response"]
    if path.endswith("/embeddings"):
        return {"object": "list", "model": model, "usage": usage,
                "data": [{"object": "embedding", "index": 0, "embedding": [0.6, 0.8]}]}
    return {"id": "chatcmpl-mock", "object": "chat.completion", "created": 1, "model": model,
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": text}}],
            **({"usage": usage} if usage else {})}


class Mock:
    def __init__(self, scripts):
        self.scripts, self.log, self.start = scripts, [], time.monotonic()
        self.peer_left = asyncio.Event()

    def now(self):
        return round((time.monotonic() - self.start) * 1000, 1)

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(HEAD_END)
            while head:
                head = await self.one(head, reader, writer)
        writer.close()

    async def one(self, head, reader, writer):
        """Answers one request; gives the head of the next, or None when there is to be none."""
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
        body = await read_body(reader, headers)
        path, _, query = target.partition("?")
        if path.startswith("/mock/"):
            await self.control(writer, method, path, query, body)
            return await reader.readuntil(HEAD_END)
        request = json.loads(body) if body else {}
        model = request.get("model", "")
        key = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key")
        attempt = {"n": len(self.log) + 1, "at_ms": self.now(), "method": method, "path": path,
                   "model": model, "key": key, "stream": bool(request.get("stream")),
                   "request": request, "headers": headers, "status": None, "body_bytes": 0,
                   "pieces": 0, "finished": False, "peer_closed": False, "closed_ms": None}
        self.log.append(attempt)
        script = self.scripts.get(model) or self.scripts.get("*") or {}
        answering = asyncio.create_task(self.answer(writer, attempt, script))
        following = asyncio.create_task(reader.readuntil(HEAD_END))
        following.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.wait({answering, following}, return_when=asyncio.FIRST_COMPLETED)
        if answering.exception() if answering.done() else following.exception():
            answering.cancel()
            attempt.update(peer_closed=True, closed_ms=self.now())
            self.peer_left.set()
        await asyncio.wait({answering})
        if not answering.cancelled() and answering.result():
            return await following

    async def control(self, writer, method, path, query, body):
        answer = {"ok": True}
        if path == "/mock/script" and method == "PUT":
            self.scripts.update(json.loads(body))
        elif method == "DELETE":
            self.log.clear()
        elif path == "/mock/log":
            while query and not any(query in json.dumps(one["request"]) for one in self.log
                                    if one["peer_closed"]):
                self.peer_left.clear()
                await self.peer_left.wait()
            answer = {"data": self.log, "next": None}
        elif path == "/mock/counts":
            answer = {}
            for one in self.log:
                sums = answer.setdefault(one["model"], collections.Counter())
                sums.update({n: one[n] for n in ("finished", "peer_closed", "pieces")}, attempts=1)
        text = json.dumps(answer).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                     b"content-length: %d\r\n\r\n%s" % (len(text), text))
        await writer.drain()

    def plan(self, attempt, script):
        """Status, header fields, whether it is a stream, and the body as (bytes, pieces)."""
        if "recording" in script:
            return load_recording(script["recording"])
        status, fields = script.get("status", 200), dict(script.get("headers", {}))
        if "body" in script:
            raw = script["body"]
            raw = (raw if isinstance(raw, str) else json.dumps(raw)).encode()
            return status, {"content-type": "application/json", **fields}, False, [(raw, 0)]
        if "events" in script:
            fields.setdefault("content-type", "text/event-stream")
            return status, fields, True, [(event_bytes(e), 0) for e in script["events"]]
        path, request = attempt["path"], attempt["request"]
        count = min(script.get("tokens", 8), request.get("max_tokens") or 1 << 30)
        words = [script.get("piece") or f" word{i}" for i in range(count)]
        kind, attempt["input"] = script.get("usage", "present"), script.get("input", 10)
        inputs, outputs = (0, 0) if kind == "zero" else (attempt["input"], count)
        usage = None if kind == "absent" else {
            "prompt_tokens": inputs, "completion_tokens": outputs, "total_tokens": inputs + outputs}
        if not request.get("stream"):
            raw = json.dumps(whole_answer(path, attempt["model"], words, usage)).encode()
            return status, {"content-type": "application/json", **fields}, False, [(raw, count)]
        make = {"messages": anthropic_stream, "responses": responses_stream}.get(
            path.rsplit("/", 1)[-1], openai_stream)
        asked = (request.get("stream_options") or {}).get("include_usage")
        events = list(make(attempt["model"], words, usage, asked))
        return status, {"content-type": "text/event-stream", **fields}, True, events

    async def answer(self, writer, attempt, script):
        """True when the connection may carry another request."""
        await asyncio.sleep(script.get("delay_ms", 0) / 1000)
        status, fields, stream, body = self.plan(attempt, script)
        size = sum(len(raw) for raw, _ in body)
        fields["transfer-encoding" if stream else "content-length"] = "chunked" if stream else size
        fields.setdefault("x-request-id", f"mock_{attempt['n']}")
        lines = "".join(f"{k}: {v}\r\n" for k, v in fields.items())
        writer.write(f"HTTP/1.1 {status} Mock\r\n{lines}\r\n".encode("latin-1", "ignore"))
        attempt["status"] = status
        ends = next((name for name in ENDS if name in script), None)
        left = script[ends] if ends else size
        cut = script.get("cut")
        for raw, pieces in body:
            part = raw[:left]
            for at in range(0, len(part), cut or len(part) or 1):
                piece = part[at:at + cut] if cut else part
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if stream else piece)
                await writer.drain()
                attempt["body_bytes"] += len(piece)
                attempt["pieces"] += pieces if at + len(piece) == len(raw) else 0
                await asyncio.sleep(script.get("gap_ms", 0) / 1000)
            left -= len(part)
            if len(part) < len(raw):
                break
        if ends == "stall_after":
            await asyncio.Event().wait()
        elif ends == "reset_after":
            peer = writer.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        if ends and ends != "truncate_after":
            return False
        if stream:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        attempt["finished"] = not ends
        return stream or not ends


def event_bytes(event):
    if isinstance(event, dict) and set(event) == {"event", "data"}:
        return sse(event["data"], event["event"])
    return event.encode() if isinstance(event, str) else sse(event)


async def read_body(reader, headers):
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length") or 0))
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    while (await reader.readline()).strip():
        pass
    return body


def load_recording(name):
    recording = json.loads((SHARED / "recordings" / f"{name}.json").read_text(encoding="utf-8"))
    answer, text = recording["response"], recording["response"]["body"]
    raw = base64.b64decode(text) if answer["body_encoding"] == "base64" else text.encode()
    fields = {k: v for k, v in answer["headers"].items() if k.lower() not in FRAMING}
    return answer["status"], fields, recording["framing"] != "json", [(raw, 0)]


async def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=pathlib.Path)
    given = parser.parse_args()
    scripts = json.loads(given.script.read_text()) if given.script else {}
    server = await asyncio.start_server(Mock(scripts).serve, "127.0.0.1", given.port)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
