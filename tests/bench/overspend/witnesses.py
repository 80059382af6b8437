"""Two providers that count for themselves, and what they say they did."""

import json
import urllib.request
from dataclasses import dataclass

from harness.gateway import start_mock, start_simulator
from harness.processes import HarnessError
from harness.waiting import once_nobody_is_left

QUIET_SECONDS_MAX = 20
PIECES = 400
PROMPT = " and" * 225  # each is a token, and four bytes: what the simulated provider counts by
MOCK_INPUT_TOKENS = 234  # of it, as the tokenizer of its model counts with what is around it


@dataclass
class Billed:
    """One call as its provider counted it."""

    id: str
    input: int
    output: int


def fetch(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
        return json.load(answer)


class Simulated:
    """`recloser sim` as a process of its own."""

    name = "simulated"

    input_tokens = 4 + len(PROMPT) // 4

    def __init__(self, folder, gap_ms):
        self.child, self.address = start_simulator(folder)
        self.gap_ms, self.known = gap_ms, set()

    def model(self, _):
        return f"sim-t{PIECES}-d{self.gap_ms}"

    def news(self):
        """The calls that came since this was asked last, when none of them is open."""
        url = f"{self.address}/sim/truth?limit=100000"
        calls = quiet(lambda: fetch(url)["data"], lambda one: one["state"] != "open")
        fresh = [one for one in calls if one["id"] not in self.known]
        self.known.update(one["id"] for one in fresh)
        return [Billed(one["id"], one["input"], one["output_written"]) for one in fresh]


class Mock:
    """tests/mock/mock_provider.py, which shares no line with the simulated one."""

    name = "mock"

    input_tokens = MOCK_INPUT_TOKENS

    def __init__(self, folder, gap_ms):
        script = {"tokens": PIECES, "gap_ms": gap_ms, "input": MOCK_INPUT_TOKENS, "piece": " word"}
        whole = {**script, "gap_ms": 0, "delay_ms": PIECES * gap_ms}
        self.child, self.address = start_mock(folder, {"sim-t1": script, "sim-t2": whole})

    def model(self, paced):
        return "sim-t1" if paced else "sim-t2"  # names that have a price

    def news(self):
        def ended(one):
            return one["finished"] or one["peer_closed"]

        calls = quiet(lambda: fetch(f"{self.address}/mock/log")["data"], ended)
        fetch(f"{self.address}/mock/log", "DELETE")
        return [Billed(f"mock_{one['n']}", one["input"], one["pieces"])
                for one in calls if one["method"] == "POST"]  # not the lists of models


def quiet(look, ended):
    calls = once_nobody_is_left(look, lambda all_: all(map(ended, all_)), QUIET_SECONDS_MAX)
    if not all(map(ended, calls)):
        raise HarnessError("the provider still has open calls of clients that are gone")
    return calls
