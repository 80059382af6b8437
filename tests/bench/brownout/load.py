"""A constant rate of short streams, and what the client of each saw."""

import asyncio
import pathlib
import sys
import time

PROJECT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT / "tests/clients"))

from harness.callers import Caller  # noqa: E402

from figures import Seen  # noqa: E402
from providers import PIECES  # noqa: E402

CALL_SECONDS_MAX = 60


async def load(address, keys, began, primary, lengths, rate):
    """A call every 1 / rate seconds, whatever became of those before."""
    async def brown_out():
        await asyncio.sleep(began + lengths[0] - time.monotonic())
        primary.brown = True
        await asyncio.sleep(began + lengths[0] + lengths[1] - time.monotonic())
        primary.brown = False

    calls = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(brown_out())
        for number in range(sum(lengths) * rate):
            await asyncio.sleep(max(0, began + number / rate - time.monotonic()))
            calls.append(tasks.create_task(call(address, keys[number % len(keys)], began, number)))
    return [one.result() for one in calls]


async def call(address, key, began, number):
    caller = Caller(address, key)
    seen = Seen(time.monotonic() - began)
    body = {"model": "chat", "stream": True, "max_tokens": 100,
            "messages": [{"role": "user", "content": f"word {number}"}]}
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            await caller.open(asyncio.Semaphore(1))
            answer = await caller.call(body)
        seen.status, seen.target = answer.status, answer.field("x-recloser-target") or ""
        judge(seen, answer.body)
    except TimeoutError:
        seen.faults = (f"call {number} had no end in {CALL_SECONDS_MAX} s",)
    except (OSError, EOFError) as error:
        seen.faults = (f"call {number}: {type(error).__name__}: {error}",)
    finally:
        caller.close()
    seen.ended = time.monotonic() - began
    return seen


def judge(seen, body):
    """An answer, or something that says that it is none."""
    pieces = body.count(b'"content": " word"') + body.count(b'"content":" word"')
    ended = b'"finish_reason":"stop"' in body and b"data: [DONE]" in body
    error = b'"error":{' in body or b'"error": {' in body
    seen.answered = seen.status == 200 and pieces == PIECES and ended and not error
    if seen.answered:
        return
    if not error:
        seen.faults = (f"status {seen.status}, {pieces} pieces, and no error: {body[-200:]!r}",)
