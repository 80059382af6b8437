"""Clients that ask with an Idempotency-Key, and what the provider has made of it."""

import asyncio
import json
import urllib.request

from harness.callers import Caller
from harness.waiting import once_nobody_is_left

MODEL, PIECES = "sim-t100-d10", 100
QUIET_SECONDS_MAX = 30
KEY = "rk-of-clients-that-come-again"
TOKEN = "token-of-the-operator-of-again"


def generations(provider):
    """The calls that the provider has had, once none is open."""
    def look():
        with urllib.request.urlopen(f"{provider}/sim/truth?limit=1000", timeout=30) as answer:
            return json.load(answer)["data"]

    return once_nobody_is_left(look, lambda all_: all(one["state"] != "open" for one in all_),
                               QUIET_SECONDS_MAX)


def order(stream):
    return {"model": f"openai-sim/{MODEL}", "stream": stream, "max_tokens": 1000,
            "messages": [{"role": "user", "content": "hello"}]}


async def ask(address, stream, fields, after=0.0):
    await asyncio.sleep(after)
    caller = Caller(address, KEY)
    await caller.open(asyncio.Semaphore(1))
    try:
        return await caller.call(order(stream), fields)
    finally:
        caller.close()


def is_whole(answer):
    return answer.status == 200 and answer.payload().count(b'"content":" ') >= PIECES
