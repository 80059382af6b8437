"""What every case has: clients of a session of its own, and the books of that session.

Started by tests/clients/run, which says in the environment where everything is.
"""

import functools
import json
import os
import pathlib
import sys
import urllib.request
import uuid

import anthropic
import openai
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.gateway import Books  # noqa: E402
from harness.waiting import once_nobody_is_left  # noqa: E402

SETTLES_SECONDS_MAX = 10
ATTEMPTS_OF_SDK = 3  # one, and two retries: both SDKs' default


class Case:
    """One test's own session."""

    def __init__(self, place):
        self.place = place
        self.session = f"case-{uuid.uuid4().hex}"
        self.books = Books(place["admin"], place["token"])

    def _options(self, changed):
        return {"api_key": self.place["key"], "timeout": 30,
                "default_headers": {"x-recloser-session": self.session}, **changed}

    def openai(self, base="/v1", kind=openai.OpenAI, **changed):
        return kind(base_url=self.place["gateway"] + base, **self._options(changed))

    def anthropic(self, base="", kind=anthropic.Anthropic, **changed):
        return kind(base_url=self.place["gateway"] + base, **self._options(changed))

    def rows(self, count):
        """The rows of this session, oldest first: exactly so many, and each only once.

        At once: a call is in the books before its client sees the end of it.
        """
        rows = self.books.calls(session=self.session)
        assert len(rows) == count, [(row["id"], row["outcome"], row["status"]) for row in rows]
        assert len({row["id"] for row in rows}) == count
        return rows[::-1]

    def booked(self, *, given, made, operation, row=None):
        """The one row (or `row`) is a completed call with the usage that the SDK reported."""
        row = row or self.rows(1)[0]
        assert (row["outcome"], row["status"]) == ("completed", 200), row
        assert row["operation"] == operation
        assert (row["input_tokens"], row["output_tokens"]) == (given, made)
        assert row["tokens_source"] == "exact"
        assert (row["org"], row["team"], row["key_id"]) == ("acme", "sdk", "clients")
        assert row["session"] == self.session
        assert len(row["attempts"]) == 1
        return row

    def refused(self, status, rule):
        """The one row is a refusal, and no provider was asked."""
        row = self.rows(1)[0]
        assert (row["outcome"], row["status"]) == ("refused", status), row
        assert [one["rule"] for one in row["decisions"]] == [rule]
        assert row["attempts"] == []
        return row

    def row_of_left(self):
        """The one row, of a call whose client has left."""
        once_nobody_is_left(lambda: self.books.calls(session=self.session), bool,
                            SETTLES_SECONDS_MAX)
        return self.rows(1)[0]

    def truth(self, row):
        """What the simulated provider says of a row's last attempt."""
        wanted = row["attempts"][-1]["provider_request_id"]
        listed = self.books.get("/admin/sim/truth", limit=10_000)["data"]
        return next(one for one in listed if one["id"] == wanted)

    def truth_of_left(self, row):
        return once_nobody_is_left(lambda: self.truth(row), lambda told: told["state"] != "open",
                                   SETTLES_SECONDS_MAX)

    def mocked(self, *, left=False):
        """The attempts of this session, which their requests name, that the mock provider saw;
        with `left` as soon as the gateway has closed on one."""
        query = f"?{self.session}" if left else ""
        with urllib.request.urlopen(f"{self.place['mock']}/mock/log{query}", timeout=30) as answer:
            log = json.load(answer)["data"]
        return [one for one in log if self.session in json.dumps(one["request"])]


@functools.cache
def place():
    if "RECLOSER_CLIENTS" not in os.environ:
        pytest.exit("started without a gateway: run tests/clients/run", returncode=2)
    return json.loads(os.environ["RECLOSER_CLIENTS"])


@pytest.fixture
def case():
    return Case(place())
