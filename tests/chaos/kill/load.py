"""Clients that call and call until the gateway is gone, and remember what they saw."""

import http.client
import itertools
import json
import random
import threading
from dataclasses import dataclass

REQUEST_SECONDS_MAX = 60
CALLS_OF_ONE_PACE = 60  # then the pieces come a millisecond slower
PIECES_MIN = 8
LEAVES_AFTER_LINES = 12

# What is asked, how, and whether the client leaves in the middle; by weight.
KINDS = (("chat", "stream", 3), ("chat", "stream with usage", 3), ("chat", "whole", 2),
         ("messages", "stream", 3), ("messages", "whole", 2), ("chat", "leave", 1),
         ("messages", "leave", 1))


@dataclass
class Seen:
    """One call as its client saw it."""

    model: str  # of this call alone: how the books and the truth are matched
    kind: str
    call: str = ""  # x-recloser-call
    status: int = 0
    finished: bool = False  # the last byte of the answer was read
    given: int | None = None  # tokens, as the answer said
    made: int | None = None
    words: int = 0  # of a stream, as it came


class Load:
    """`clients` threads against `address`, all of one session."""

    def __init__(self, address, key, session, clients, rng):
        self.host, port = address.removeprefix("http://").split(":")
        self.port, self.key, self.session = int(port), key, session
        self.seen = []
        self.faults = []
        self.first_answer = threading.Event()
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._client, args=(random.Random(rng.random()),), daemon=True)
            for _ in range(clients)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def finish(self, *, stop=False):
        """Waits until every client has lost its gateway, or with `stop` has ended its call."""
        if stop:
            self._stop.set()
        for thread in self._threads:
            thread.join(REQUEST_SECONDS_MAX)
            if thread.is_alive():
                self.faults.append("a client hangs though its gateway is gone")

    def _client(self, rng):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=REQUEST_SECONDS_MAX)
        try:
            while not self._stop.is_set():
                left = self._call(connection, rng)
                if left:
                    connection.close()
        except (OSError, http.client.HTTPException):
            pass  # the gateway is gone; what was seen until then stands in `seen`
        finally:
            connection.close()

    def _next(self, rng):
        with self._lock:
            number = next(self._numbers)
            operation, how, _ = rng.choices(KINDS, [weight for *_, weight in KINDS])[0]
            pieces, wait = PIECES_MIN + number % CALLS_OF_ONE_PACE, number // CALLS_OF_ONE_PACE
            seen = Seen(f"sim-t{pieces}-d{wait}", f"{operation}, {how}")
            self.seen.append(seen)
        return seen, operation, how

    def _call(self, connection, rng):
        """One call; true when the client left before its end."""
        seen, operation, how = self._next(rng)
        path, provider = {"chat": ("/v1/chat/completions", "openai-sim"),
                          "messages": ("/v1/messages", "anthropic-sim")}[operation]
        body = {"model": f"{provider}/{seen.model}", "stream": how != "whole",
                "max_tokens": 10_000, "messages": [{"role": "user", "content": "hello"}]}
        if how == "stream with usage":
            body["stream_options"] = {"include_usage": True}
        connection.request("POST", path, json.dumps(body), {
            "authorization": f"Bearer {self.key}", "content-type": "application/json",
            "anthropic-version": "2023-06-01", "x-recloser-session": self.session})
        answer = connection.getresponse()
        self.first_answer.set()
        seen.status, seen.call = answer.status, answer.headers.get("x-recloser-call", "")
        if answer.status != 200:
            self.faults.append(f"{seen.kind}: status {answer.status}: {answer.read()[:200]!r}")
        elif how == "whole":
            take_usage(seen, json.loads(answer.read()))
            seen.finished = True
        else:
            return read_stream(seen, answer, LEAVES_AFTER_LINES if how == "leave" else None)
        return False


def read_stream(seen, answer, leaves_after):
    for count, line in enumerate(iter(answer.readline, b""), 1):
        if leaves_after is not None and count > leaves_after:
            return True
        data = line.removeprefix(b"data: ").strip()
        if data == b"[DONE]":
            seen.finished = True
        elif line.startswith(b"data: "):
            event = json.loads(data)
            if "error" in event:
                raise http.client.HTTPException(f"in band: {event['error']}")
            take_usage(seen, event.get("message") or event)
            seen.words += len(text_of(event).split())
            seen.finished |= event.get("type") == "message_stop"
    return False


def text_of(event):
    """The piece of text in an event of either dialect; the simulated provider writes ASCII."""
    if choices := event.get("choices"):
        return choices[0].get("delta", {}).get("content") or ""
    return event.get("delta", {}).get("text") or ""


def take_usage(seen, answer):
    usage = answer.get("usage") or {}
    given = usage.get("prompt_tokens", usage.get("input_tokens"))
    made = usage.get("completion_tokens", usage.get("output_tokens"))
    seen.given = given if given is not None else seen.given
    seen.made = made if made is not None else seen.made
