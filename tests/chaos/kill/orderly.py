"""Stops and starts that are not a kill: each round gives what it saw, and what was wrong."""

import http.client
import json
import signal
import socket
import sqlite3
import threading
import time

from load import Seen, read_stream
from place import KEY, HarnessError, Place

STREAMS = 8
AT_ONCE_SECONDS_MAX = 5  # far less than the drain of 30 s
ENDS_SECONDS_MAX = 20


class Stream:
    """One stream in a thread: `began` once its first event is here, `result` at its end."""

    def __init__(self, place, model, session):
        self.seen = Seen(model, "chat, stream")
        self.began = threading.Event()
        self.result = "still running"
        self.connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
        self.thread = threading.Thread(target=self._run, args=(model, session), daemon=True)
        self.thread.start()

    def _run(self, model, session):
        body = {"model": f"openai-sim/{model}", "stream": True,
                "messages": [{"role": "user", "content": "hello"}]}
        try:
            self.connection.request("POST", "/v1/chat/completions", json.dumps(body), {
                "authorization": f"Bearer {KEY}", "x-recloser-session": session})
            answer = self.connection.getresponse()
            self.seen.status = answer.status
            self.seen.call = answer.headers.get("x-recloser-call", "")
            answer.readline()
            self.began.set()
            read_stream(self.seen, answer, None)
            self.result = "ended" if self.seen.finished else "ended early"
        except (OSError, http.client.HTTPException) as error:
            self.result = f"broke off: {type(error).__name__}: {error}"
        finally:
            self.connection.close()


def streams(place, model, session):
    opened = [Stream(place, model, session) for _ in range(STREAMS)]
    for one in opened:
        if not one.began.wait(ENDS_SECONDS_MAX):
            raise HarnessError(f"a stream did not begin: {one.result}")
    return opened


def drain(folder, simulator):
    """SIGTERM: what runs goes on to its end, nothing new begins, and the exit status is 0."""
    place = Place(folder, simulator, "drained")
    gateway = place.start("provider-key-drain")
    opened = streams(place, "sim-t200-d5", "drain")
    gateway.child.process.send_signal(signal.SIGTERM)
    gateway.child.line("draining", ENDS_SECONDS_MAX)
    status = gateway.child.ended()
    for one in opened:
        one.thread.join(ENDS_SECONDS_MAX)
    faults = [f"exit status {status}"] if status != 0 else []
    faults += [f"a stream {one.result}" for one in opened if one.result != "ended"]
    place.start("provider-key-drain")
    try:
        rows = place.gateway.books.calls(session="drain")
    finally:
        place.gateway.child.kill()
    booked = {row["id"]: (row["outcome"], row["output_tokens"]) for row in rows}
    if booked != {one.seen.call: ("completed", 200) for one in opened}:
        faults.append(f"the books say {booked}")
    return f"{STREAMS} streams ended, {len(rows)} rows", faults


def stop_at_once(folder, simulator):
    """A second SIGTERM does not wait for the streams; each has its row all the same."""
    place = Place(folder, simulator, "stopped")
    gateway = place.start("provider-key-stop")
    opened = streams(place, "sim-inf", "stop")
    gateway.child.process.send_signal(signal.SIGTERM)
    gateway.child.line("draining", ENDS_SECONDS_MAX)
    faults = [] if gateway.child.running() else ["it did not wait for its streams"]
    began = time.monotonic()
    gateway.child.process.send_signal(signal.SIGTERM)
    status = gateway.child.ended()
    seconds = time.monotonic() - began
    if seconds > AT_ONCE_SECONDS_MAX:
        faults.append(f"it stopped {seconds:.1f} s after the second signal")
    if status != 0:
        faults.append(f"exit status {status}")
    for one in opened:
        one.thread.join(ENDS_SECONDS_MAX)
        if not one.result.startswith(("broke off", "ended early")):
            faults.append(f"a stream without end {one.result}")
    truth = place.truth("provider-key-stop")
    place.start("provider-key-stop")
    try:
        rows = place.gateway.books.calls(session="stop")
    finally:
        place.gateway.child.kill()
    if sorted(row["id"] for row in rows) != sorted(one.seen.call for one in opened):
        faults.append(f"{len(rows)} rows for {STREAMS} streams")
    if wrong := [row["outcome"] for row in rows if row["outcome"] in ("open", "completed")]:
        faults.append(f"outcomes of streams that never ended: {wrong}")
    if [call["state"] for call in truth] != ["aborted"] * STREAMS:
        faults.append(f"the provider says {truth}")
    return f"{len(rows)} rows, {seconds * 1000:.0f} ms", faults


def refused_start(place, provider_key, words):
    """A start that must fail: what was wrong with how it did."""
    gateway = place.begin(provider_key)
    status = gateway.child.ended(ENDS_SECONDS_MAX)
    said = " ".join(gateway.child.lines)
    faults = [f"it does not say {word!r}: {said}" for word in words if word not in said]
    return ([f"exit status {status}, not 3: {said}"] if status != 3 else faults), said


def port_in_use(folder, simulator):
    """Exit status 3 with the address and advice, and nothing was written."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = Place(folder, simulator, "not-begun")
        place.port = taken.getsockname()[1]
        faults, said = refused_start(place, "none", [f"127.0.0.1:{place.port}", "in use"])
    if (folder / "not-begun").exists():
        faults.append("the state directory was made all the same")
    return said, faults


def second_instance(folder, simulator):
    """On the same state or the same port: refused, and the first one goes on."""
    first = Place(folder, simulator, "shared")
    gateway = first.start("provider-key-first")
    try:
        second = Place(folder, simulator, "shared")
        faults, said = refused_start(second, "none", [str(folder / "shared")])
        same_port = Place(folder, simulator, "another")
        same_port.port = first.port
        more, _ = refused_start(same_port, "none", [f"127.0.0.1:{first.port}", "in use"])
        faults += more
        gateway.check_ready()
        books = sqlite3.connect(f"file:{folder}/shared/recloser.db?mode=ro", uri=True)
        faults += [f"integrity: {row}" for row in books.execute("pragma integrity_check")
                   if row != ("ok",)]
        books.close()
    finally:
        gateway.child.kill()
    return said, faults


ROUNDS = {
    "SIGTERM": drain,
    "SIGTERM twice": stop_at_once,
    "port in use": port_in_use,
    "second instance": second_instance,
}
