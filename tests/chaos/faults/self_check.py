"""Replies and books that are wrong in one way each: the judges must see every one of them."""

import copy
import json

import cells as matrix
import judging
import reading
from faulty import INPUT_TOKENS, Answer, Delivery, error_body, error_event
from reading import BAD_ERROR, FALSE_SUCCESS, HANG, NO_ANSWER

HEAD = "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
SSE, JSON = "text/event-stream", "application/json"
SUCCESS_ENDS = {"chat": b"data: [DONE]\n\n", "messages": b'data: {"type":"message_stop"}\n\n',
                "responses": b'data: {"type":"response.completed","response":'
                             b'{"id":"resp_bad","status":"completed"}}\n\n'}


def run():
    """(how many there are, those that were not seen)."""
    blind, count = [], 0
    for dialect in matrix.DIALECTS:
        for name, expected, *reply in [*replies(dialect), *whole_replies(dialect)]:
            count += 1
            got = told(dialect, *reply)
            if got.kind != expected:
                blind.append(f"self-check, {dialect}: {name} is {got.kind}, not {expected}"
                             f" ({got.why})")
    for name, expected, faults in [*cells_that_got_something(), *books()]:
        count += 1
        if bool(faults) != expected:
            blind.append(f"self-check: {name}: {faults or 'not seen'}")
    return count, blind


def told(dialect, raw, streams, sent, timed_out=False):
    return reading.verdict(reading.parse_reply(raw, timed_out), dialect, streams, sent)


def wire(body, status=200, kind=SSE, ends=True):
    size = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    return HEAD.format(status=status, kind=kind).encode() + size + (b"0\r\n\r\n" if ends else b"")


def sample(dialect, place="bad", stream=True):
    """(answer, its events, a delivery of all of it)."""
    delivery = Delivery(place, dialect)
    answer = Answer(None, None, delivery, stream)
    delivery.texts, delivery.finished, delivery.said = answer.pieces, True, (INPUT_TOKENS, 40)
    return answer, [raw for raw, _ in answer.events()], delivery


def replies(dialect):
    """(name, the verdict, bytes, whether a stream was asked for, what was sent)."""
    answer, events, sent = sample(dialect)
    first = len(answer.preamble())
    broken = copy.copy(sent)
    broken.finished, broken.texts = False, answer.pieces[:5]
    half = events[:first + 5]
    error, end = error_event(dialect), SUCCESS_ENDS[dialect]
    _, others, other_sent = sample(dialect, "good")
    finish = events[first + 40:]

    def stream(parts, **how):
        return wire(b"".join(parts), **how), True

    yield "an answer", matrix.ANSWER, *stream(events), [sent]
    yield "an error before content", matrix.ERROR, *stream([*events[:first], error]), []
    yield "an error after content", matrix.ERROR, *stream([*half, error]), [broken]
    yield "content behind an error", FALSE_SUCCESS, *stream(
        [*half, error, events[first + 5]]), [sent]
    yield "an error behind a good end", FALSE_SUCCESS, *stream([*events, error]), [sent]
    if dialect != "responses":
        yield "an error behind a good finish", FALSE_SUCCESS, *stream(
            [*events[:-1], error]), [sent]
    yield "two preambles and an error", FALSE_SUCCESS, *stream(
        [*events[:first], *half, error]), [broken]
    yield "a torn error", BAD_ERROR, *stream([*half, error[:-1]]), [broken]
    yield "a silent end", FALSE_SUCCESS, *stream(half), [broken]
    yield "a silent end before content", FALSE_SUCCESS, *stream(events[:first]), []
    yield "an empty stream", FALSE_SUCCESS, *stream([]), []
    yield "an invented end", FALSE_SUCCESS, *stream([*half, *finish]), [broken]
    yield "only the last event invented", FALSE_SUCCESS, *stream([*half, end]), [broken]
    yield "the last event lost", FALSE_SUCCESS, *stream(events[:-1]), [sent]
    yield "the last event torn", FALSE_SUCCESS, *stream([*events[:-1], events[-1][:-1]]), [sent]
    yield "no preamble", FALSE_SUCCESS, *stream(events[first:]), [sent]
    yield "more behind the end", FALSE_SUCCESS, *stream([*events, finish[0]]), [sent]
    yield "bytes behind the last chunk", NO_ANSWER, wire(b"".join(events)) + b"x", True, [sent]
    yield "a chunk of no size", NO_ANSWER, wire(b"".join(events))[:-5] + b"\r\n", True, [sent]
    yield "a stream that broke", NO_ANSWER, *stream(half, ends=False), [broken]
    yield "an error and a break", NO_ANSWER, *stream([*half, error], ends=False), [broken]
    yield "no head", NO_ANSWER, b"HTTP/1.1 200", True, []
    yield "no end in time", HANG, *stream(half, ends=False), [broken], True
    yield "a lost event", FALSE_SUCCESS, *stream([*half, *events[first + 6:]]), [sent]
    yield "a doubled event", FALSE_SUCCESS, *stream([*half, half[-1], *events[first + 5:]]), [sent]
    yield ("text of nobody", FALSE_SUCCESS,
           *stream([event.replace(b"stone", b"stolen") for event in half] + [error]), [broken])
    yield "two preambles", FALSE_SUCCESS, *stream([*events[:first], *others]), [other_sent]
    yield "its preamble twice", FALSE_SUCCESS, *stream([*events[:first], *events]), [sent]
    yield ("two answers in one", FALSE_SUCCESS,
           *stream([*half, *others[first:]]), [broken, other_sent])
    yield "an answer that goes on behind an error", FALSE_SUCCESS, *stream(
        [*half, error, *finish]), [broken]
    torn = events[:first] + [b"data: {\"x\n\n"] + events[first + 1:]
    hole = copy.copy(sent)
    hole.texts, hole.garbled = answer.pieces[1:], 1
    yield "a malformed event that is passed on", matrix.ANSWER, *stream(torn), [hole]
    yield ("a malformed event that was dropped", FALSE_SUCCESS,
           *stream(events[:first] + events[first + 1:]), [hole])
    if dialect == "chat":
        yield ("another answer behind a preamble", FALSE_SUCCESS,
               *stream([*events[:first], *others[first:]]), [other_sent])
        yield ("content behind the finish reason", FALSE_SUCCESS,
               *stream([*events[:first], finish[0], *events[first:]]), [sent])
    if dialect == "messages":
        yield "an error behind half of nothing", BAD_ERROR, *stream(
            [*half[first:], error]), [broken]
    yield "a page", FALSE_SUCCESS, wire(b"<html>log in</html>", kind="text/html"), True, []


def whole_replies(dialect):
    answer, _, sent = sample(dialect, stream=False)
    raw = answer.whole()
    half = Delivery("bad", dialect, texts=answer.pieces[:20], body=raw[:len(raw) // 2])
    error = json.dumps(error_body(dialect, "overloaded_error", "full")).encode()
    in_it = Delivery("bad", dialect, body=error)
    other = {"chat": "messages", "messages": "chat", "responses": "messages"}[dialect]
    plain = json.dumps({"error": "full"}).encode()

    def whole(body, status=200, kind=JSON, ends=True):
        return wire(body, status, kind, ends), False

    yield "a whole answer", matrix.ANSWER, *whole(raw), [sent]
    yield "half of one, closed off", matrix.AS_SENT, *whole(half.body), [half]
    yield "half of one, cut by us", FALSE_SUCCESS, *whole(half.body[:-9]), [half]
    yield "half of one, broken off", matrix.BROKEN, *whole(half.body, ends=False), [half]
    yield ("a piece of it lost", FALSE_SUCCESS, *whole(raw.replace(b" stone", b"", 1)), [sent])
    yield "one that nobody finished", FALSE_SUCCESS, *whole(raw), [half]
    yield "one that ends otherwise", FALSE_SUCCESS, *whole(
        raw.replace(b'"stop"', b'"length"').replace(b"end_turn", b"max_tokens")
        .replace(b'"status": "completed"', b'"status": "incomplete"')), [sent]
    yield "an empty body of ours", FALSE_SUCCESS, *whole(b""), [half]
    yield "a page with 200", FALSE_SUCCESS, *whole(b"<html></html>", kind="text/html"), [
        Delivery("bad", dialect, body=b"<html></html>")]
    yield "an error", matrix.ERROR, *whole(error, status=503), []
    yield "an error with its status, as sent", matrix.ERROR, *whole(error, status=529), [in_it]
    yield "an error with 200, as sent", BAD_ERROR, *whole(error), [in_it]
    yield "an error with 200 of ours", BAD_ERROR, *whole(error), []
    yield "half an error", BAD_ERROR, *whole(error, status=503, ends=False), []
    page = Delivery("bad", dialect, body=b"<html></html>", billed=False)
    yield "a provider's page as its error", matrix.ERROR, *whole(page.body, status=502), [page]
    yield "a page as an error", BAD_ERROR, *whole(b"<html></html>", status=502), []
    yield "an error of no form", BAD_ERROR, *whole(plain, status=502), []
    if dialect == "messages" or other == "chat":
        error = json.dumps(error_body(other, "full", "full")).encode()
        yield "an error of another dialect", BAD_ERROR, *whole(error, status=503), []


RIGHT, WRONG = False, True


def cell_of(fault, form, standing):
    return matrix.Cell(next(one for one in matrix.FAULTS if one.name == fault), "chat", form,
                       standing)


def cells_that_got_something():
    """(name, whether something is wrong, what judging.py says)."""
    def got(cell, kind, served="", status=200, **fields):
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        reply = reading.Reply(status, fields, whole=True)
        return list(judging.client_faults(cell, reply, reading.Verdict(kind, kind, served=served)))

    pair, alone = cell_of("503", "stream", "pair"), cell_of("503", "stream", "alone")
    good, bad = f"{pair.good}/m-good", f"{pair.bad}/m-bad"
    answer, error = matrix.ANSWER, matrix.ERROR
    late, whole = cell_of("reset", "stream", "pair"), cell_of("reset", "whole", "alone")
    limited = cell_of("429-after", "whole", "alone")
    yield "the second target's answer", RIGHT, got(pair, answer, "good", x_recloser_target=good)
    yield "an answer under another name", WRONG, got(pair, answer, "good", x_recloser_target=bad)
    yield "an answer under no name", WRONG, got(pair, answer, "good")
    yield "an answer of the faulty target", WRONG, got(pair, answer, "bad", x_recloser_target=bad)
    yield "an error in spite of a second target", WRONG, got(pair, error)
    yield "an error of one alone", RIGHT, got(alone, error)
    yield "an error after content", RIGHT, got(late, error)
    yield "a new answer behind old content", WRONG, got(late, answer, "good",
                                                         x_recloser_target=f"{late.good}/m-good")
    again, late_again = cell_of("503", "stream", "again"), cell_of("reset", "stream", "again")
    yield "a second try's answer", RIGHT, got(again, answer, "bad",
                                              x_recloser_target=f"{again.bad}/m-bad")
    yield "a second try behind content", WRONG, got(late_again, answer, "bad",
                                                    x_recloser_target=f"{late_again.bad}/m-bad")
    yield "a broken whole answer", RIGHT, got(whole, matrix.BROKEN)
    yield "a broken stream", WRONG, got(late, matrix.BROKEN)
    yield "nonsense for a stream", WRONG, got(alone, matrix.AS_SENT)
    yield "Retry-After that is kept", RIGHT, got(limited, error, status=429, retry_after="2")
    yield "Retry-After that is lost", WRONG, got(limited, error, status=429)
    for defect in reading.DEFECTS:
        yield f"a {defect}", WRONG, got(alone, defect)


def books():
    """(name, whether something is wrong, what judging.py says)."""
    cell = cell_of("hang", "stream", "pair")
    verdict = reading.Verdict(matrix.ANSWER, "answer", served="good")
    bad = Delivery("bad", "chat")
    _, _, good = sample("chat", "good")

    def faults(*rows, sent=(good,), verdict=verdict):
        seen = {cell.bad: [bad], cell.good: list(sent)}
        return list(judging.row_faults(cell, verdict, list(rows), seen))

    hung, served = attempt(cell, "bad", 110, 0), attempt(cell, "good", INPUT_TOKENS, 40)
    right = row(hung, served)
    error = reading.Verdict(matrix.ERROR, "error 503")
    cheap = attempt(cell, "bad", INPUT_TOKENS, 40)["cost_usd"]
    elsewhere = {**served, "target": "good-of-another/m-good"}
    stray = {"target": "good-of-another/m-good"}
    yield "right books", RIGHT, faults(right)
    for name, wrong in {
        "no row": faults(),
        "two rows": faults(right, right),
        "a row of a call that failed": faults(row(hung, served, outcome="provider_failed")),
        "a row of a call that did not": faults(right, verdict=error),
        "the good answer twice": faults(row(hung, attempt(cell, "good", INPUT_TOKENS, 80))),
        "the good target's prompt twice": faults(row(hung, attempt(cell, "good", 216, 40))),
        "the bad target's prompt twice": faults(row(attempt(cell, "bad", 220, 0), served)),
        "a prompt that was taken and is not charged": faults(
            row(attempt(cell, "bad", 0, 0), served)),
        "output that was never written": faults(row(attempt(cell, "bad", 110, 40), served)),
        "an attempt that is not in the books": faults(row(served)),
        "an attempt that was never made": faults(row(hung, hung, served)),
        "four attempts": faults(row(hung, served, served, served), sent=(good, good, good)),
        "served by one and booked on the other": faults(row(served, hung)),
        "an attempt at somebody else": faults(row(hung, elsewhere)),
        "a third target": faults(row(hung, {**attempt(cell, "bad", 0, 0), **stray}, served)),
        "a price of the other target": faults(row(hung, {**served, "cost_usd": cheap})),
        "a row that is more than its attempts": faults({**right, "cost_usd": "1.000000000"}),
        "tokens that are more than their attempts": faults({**right, "output_tokens": 80}),
    }.items():
        yield name, WRONG, wrong
    silent = cell_of("refused", "stream", "alone")
    for name, expected, given in (("nobody there", RIGHT, 0), ("nobody there, and paid", WRONG, 9)):
        one = row(attempt(silent, "bad", given, 0), outcome="provider_failed")
        yield name, expected, list(judging.row_faults(silent, error, [one], {}))
    account = {"reserved": "0", "open_calls": 0, "spent": right["cost_usd"]}
    for name, expected, changed in (("the right budget", RIGHT, {}),
                                    ("something held", WRONG, {"reserved": "0.1"}),
                                    ("a call that is open", WRONG, {"open_calls": 1}),
                                    ("a budget charged twice", WRONG, {"spent": "1"})):
        yield name, expected, list(judging.account_faults({**account, **changed}, [right]))


def attempt(cell, place, given, made):
    nano = matrix.NANO_USD[place]
    cost = (given * nano[0] + made * nano[1]) / 10**9
    return {"target": f"{place}-{cell.name}/m-{place}", "input_tokens": given,
            "output_tokens": made, "cost_usd": f"{cost:.9f}"}


def row(*attempts, **changed):
    cost = sum(float(one["cost_usd"]) for one in attempts)
    return {"outcome": "completed", "attempts": list(attempts), "cost_usd": f"{cost:.9f}",
            "input_tokens": sum(one["input_tokens"] for one in attempts),
            "output_tokens": sum(one["output_tokens"] for one in attempts), **changed}
