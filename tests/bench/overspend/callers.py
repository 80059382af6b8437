"""Clients that call until they are refused: each a connection of its own, all in one thread."""

import asyncio
from dataclasses import dataclass

from harness.callers import Caller

ANSWER_SECONDS_MAX = 120
CALLS_MAX = 1000  # of one client: it should have been refused long before
OPEN_AT_ONCE = 128  # connections that are being opened: the listener's queue is not what is tried


@dataclass
class Tally:
    """What a crowd of clients saw."""

    admitted: int = 0
    refused: int = 0
    cut: int = 0
    faults: list = None

    def fault(self, text):
        if len(self.faults) < 10:
            self.faults.append(text)


async def until_refused(caller, gate, body, tally, calls_max):
    try:
        await caller.open(gate)
        for _ in range(calls_max):
            answer = await asyncio.wait_for(caller.call(body), ANSWER_SECONDS_MAX)
            if answer.status != 200:
                judge_refusal(answer, tally)
                return
            tally.admitted += 1
            judge_answer(answer, body["stream"], tally)
        if calls_max == CALLS_MAX:
            tally.fault(f"a client was never refused in {calls_max} calls")
    except (OSError, EOFError, asyncio.TimeoutError) as error:
        tally.fault(f"a client failed: {type(error).__name__}: {error}")
    finally:
        caller.close()


def judge_refusal(answer, tally):
    tally.refused += 1
    # 400: a second refusal within seconds, of what looks like one session.
    good = answer.status in (429, 400) and answer.field("x-should-retry") == "false"
    if not good or b"budget_exhausted" not in answer.body:
        tally.fault(f"refused with {answer.status}: {answer.body[:200]!r}")


def judge_answer(answer, stream, tally):
    tally.cut += b"[Recloser: stopped" in answer.body
    if stream and b"data: [DONE]\n\n" not in answer.body:
        tally.fault(f"a stream without its end: {answer.body[-200:]!r}")
    if not stream and b'"finish_reason"' not in answer.body:
        tally.fault(f"an answer without its end: {answer.body[-200:]!r}")


def crowd(address, key, count, body, calls_max=CALLS_MAX):
    """`count` clients at once, each until it is refused or has made `calls_max` calls."""

    async def everybody():
        tally, gate = Tally(faults=[]), asyncio.Semaphore(OPEN_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(count):
                caller = Caller(address, key)
                tasks.create_task(until_refused(caller, gate, body, tally, calls_max))
        return tally

    return asyncio.run(everybody())
