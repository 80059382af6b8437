"""What a client was told: an answer, an error, or something that only looks like an answer.

Nothing here knows what the provider did; `verdict` holds it against what providers truly sent.
"""

import json
import re
from dataclasses import dataclass, field

from cells import ANSWER, AS_SENT, BROKEN, ERROR

FALSE_SUCCESS = "FALSE SUCCESS"
HANG = "HANG"
NO_ANSWER = "NO ANSWER"  # the connection broke and nothing said why
BAD_ERROR = "ERROR OF NO DIALECT"
DEFECTS = (FALSE_SUCCESS, HANG, NO_ANSWER, BAD_ERROR)

ENDS_WELL = {"chat": {"stop"}, "messages": {"end_turn"}, "responses": {"completed"}}


@dataclass
class Reply:
    """The bytes of an answer, taken out of HTTP."""

    status: int = 0  # 0: no head came
    fields: dict = field(default_factory=dict)
    body: bytes = b""
    whole: bool = False  # it ended as its framing says
    timed_out: bool = False


def parse_reply(raw, timed_out=False):
    head, found, rest = raw.partition(b"\r\n\r\n")
    if not found:
        return Reply(timed_out=timed_out)
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
    reply = Reply(int(first.split(" ", 2)[1]), fields, timed_out=timed_out)
    if fields.get("transfer-encoding") == "chunked":
        reply.body, reply.whole = unchunked(rest)
    elif "content-length" in fields:
        reply.body, reply.whole = rest, len(rest) == int(fields["content-length"])
    else:
        reply.body, reply.whole = rest, not timed_out
    return reply


def unchunked(raw):
    body = b""
    while True:
        line, found, rest = raw.partition(b"\r\n")
        if not found or not re.fullmatch(rb"[0-9a-fA-F]+", line):
            return body, False
        size = int(line, 16)
        if size == 0:
            return body, rest == b"\r\n"
        body += rest[:size]
        if rest[size:size + 2] != b"\r\n":
            return body, False
        raw = rest[size + 2:]


@dataclass
class Told:
    """An answer as its reader understands it."""

    text: str = ""
    begins: int = 0  # preambles
    ids: set = field(default_factory=set)
    finish: str | None = None
    ended: bool = False  # the last event of the dialect
    error: dict | None = None
    goes_on: bool = False  # something came after the error or the end
    garbled: int = 0
    faults: list = field(default_factory=list)  # against the grammar


def read_stream(body, dialect):
    told = Told()
    text = body.decode("utf-8", "replace")
    if not text.endswith("\n\n"):
        told.faults.append("the last event is torn")
    for block in text.split("\n\n"):
        data = "\n".join(line[5:].strip() for line in block.split("\n") if line[:5] == "data:")
        if not data:
            continue  # a comment
        told.goes_on |= told.ended or (told.error is not None and data != "[DONE]")
        if data == "[DONE]":
            told.ended = True
            continue
        try:
            event = json.loads(data)
        except ValueError:
            told.garbled += 1
            continue
        READERS[dialect](event, told)
    return told


def read_chat_event(event, told):
    if event.get("error"):
        told.error = event["error"]
        return
    told.ids.add(event.get("id"))
    for choice in event.get("choices", []):
        delta = choice.get("delta") or {}
        told.begins += "role" in delta
        piece = delta.get("content") or ""
        if piece and told.finish:
            told.faults.append("content after the finish reason")
        told.text += piece
        told.finish = choice.get("finish_reason") or told.finish


def read_messages_event(event, told):
    kind = event.get("type")
    if kind == "error":
        told.error = event["error"]
    elif kind == "message_start":
        told.begins += 1
        told.ids.add(event["message"]["id"])
    elif kind == "content_block_delta":
        told.text += event["delta"].get("text", "")
    elif kind == "message_delta":
        told.finish = event["delta"].get("stop_reason") or told.finish
    elif kind == "message_stop":
        told.ended = True
    if kind not in ("error", "ping", "message_start") and told.begins == 0:
        told.faults.append(f"{kind} before message_start")


def read_responses_event(event, told):
    kind = event.get("type")
    response = event.get("response") or {}
    if kind == "response.created":
        told.begins += 1
        told.ids.add(response.get("id"))
    elif kind == "response.output_text.delta":
        told.text += event["delta"]
    elif kind in ("response.completed", "response.incomplete"):
        told.ended, told.finish = True, response.get("status")
    elif kind == "response.failed":
        told.error = response.get("error")
    elif kind == "error":
        told.error = event


READERS = {"chat": read_chat_event, "messages": read_messages_event,
           "responses": read_responses_event}


def read_whole(body, dialect):
    """None for what is no JSON object."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    if not isinstance(answer, dict):
        return None
    told = Told(begins=1, ended=True, ids={answer.get("id")})
    if answer.get("error"):
        told.error = answer["error"]
    elif dialect == "chat":
        choice = (answer.get("choices") or [{}])[0]
        told.text = (choice.get("message") or {}).get("content") or ""
        told.finish = choice.get("finish_reason")
    elif dialect == "messages":
        told.text = "".join(block.get("text", "") for block in answer.get("content") or [])
        told.finish = answer.get("stop_reason")
    else:
        told.text = "".join(part.get("text", "") for item in answer.get("output") or []
                            for part in item.get("content") or [])
        told.finish = answer.get("status")
    return told


def is_error_of(dialect, body):
    """Whether a body is an error in the form that the dialect's SDKs read."""
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    error = answer.get("error") if isinstance(answer, dict) else None
    formed = isinstance(error, dict) and error.get("message") and error.get("type")
    return bool(formed) and (dialect != "messages" or answer.get("type") == "error")


@dataclass
class Verdict:
    kind: str
    how: str  # a few words for the table
    why: str = ""  # of a defect
    served: str = ""  # whose answer it is

    @property
    def is_defect(self):
        return self.kind in DEFECTS


def verdict(reply, dialect, asked_for_stream, deliveries):
    """What the client got, held against what was sent (faulty.Delivery, all targets')."""
    if reply.timed_out:
        return Verdict(HANG, "hang", "it had no end")
    if reply.status == 0:
        return Verdict(NO_ANSWER, "nothing", "the connection ended without a head")
    if reply.status >= 400:
        if reply.whole and any(reply.body == one.body for one in deliveries if not one.billed):
            return Verdict(ERROR, f"error {reply.status}")
        if not reply.whole or not is_error_of(dialect, reply.body):
            return Verdict(BAD_ERROR, f"{reply.status}", f"{reply.body[:200]!r}")
        return Verdict(ERROR, f"error {reply.status}")
    if "event-stream" in reply.fields.get("content-type", "") or asked_for_stream:
        return verdict_of_stream(reply, read_stream(reply.body, dialect), dialect, deliveries)
    return verdict_of_whole(reply, dialect, deliveries)


def verdict_of_stream(reply, told, dialect, deliveries):
    def false(why):
        return Verdict(FALSE_SUCCESS, "false success", why)

    source = next((d for d in deliveries if d.text.startswith(told.text) and told.text), None)
    if told.text and source is None:
        return false(f"nobody sent this text: {told.text[-60:]!r}")
    if told.begins > 1 or len(told.ids) > 1:
        return false(f"{told.begins} preambles, ids {sorted(map(str, told.ids))}")
    if told.error is not None:
        if told.goes_on or (told.finish in ENDS_WELL[dialect]):
            return false("an error, and beside it an end that looks well")
        if not reply.whole:
            return Verdict(NO_ANSWER, "torn", "the connection broke behind the error")
        return Verdict(BAD_ERROR, "error", told.faults[0]) if told.faults else \
            Verdict(ERROR, "error in band")
    if not reply.whole:
        return Verdict(NO_ANSWER, "broken", "the stream broke, and nothing says so")
    return verdict_of_end(told, dialect, deliveries) or false(
        f"a clean end with finish {told.finish}, end {told.ended}, {len(told.text)} bytes of text,"
        f" {told.garbled} unreadable events, {told.faults}")


def verdict_of_end(told, dialect, deliveries):
    """The answer it is, or None when no provider has sent all of it."""
    ended = told.ended and told.finish in ENDS_WELL[dialect]
    if told.faults or told.goes_on or told.begins != 1 or not ended:
        return None
    for sent in deliveries:
        if sent.finished and (sent.text, sent.garbled) == (told.text, told.garbled):
            return Verdict(ANSWER, "answer", served=sent.place)
    return None


def verdict_of_whole(reply, dialect, deliveries):
    if not reply.whole:
        return Verdict(BROKEN, "broken connection")
    told = read_whole(reply.body, dialect)
    sent = any(reply.body == delivery.body for delivery in deliveries)
    if told is None:
        if sent and "json" in reply.fields.get("content-type", ""):
            return Verdict(AS_SENT, "as sent")
        return Verdict(FALSE_SUCCESS, "false success", f"200 with {reply.body[:100]!r}")
    if told.error is not None:
        return Verdict(BAD_ERROR, "200", f"an error with 200: {reply.body[:200]!r}")
    return verdict_of_end(told, dialect, deliveries) or Verdict(
        FALSE_SUCCESS, "false success", f"finish {told.finish}, text {told.text[-60:]!r}")
