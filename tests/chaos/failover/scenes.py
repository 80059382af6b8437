"""What a failing target may do to the calls of others, as stories over time.

Each is a coroutine over its Stage that says what is wrong by `stage.wrong`. What is counted is
counted at the providers. Nothing here judges how fast something is; that something is not done
before its time is judged.
"""

import asyncio
import json
import random
import time

from stage import (NARROW, NARROW_CALLS, Stage, error_in_band, hang, healthy, reset_first,
                   stall, status)

overloaded = status(503, "server_is_overloaded")
# A target that fails is asked until it trips: five failures in a row, and those under way.
UNTIL_TRIPPED_MAX = 16
# Until then a slow machine can have more failures at one time than the budget of retries has room
# for: three, and a tenth of the calls.
REFUSED_MAX = 8
PROBES_MAX = 12  # of an outage of a few seconds: three at a time, after 1 s at the least
LOADING_QUESTIONS = 5  # in four seconds: after 1, 3 and 7, and those that wait for no answer
BACK_SECONDS_MAX = 90  # far beyond the longest time that these outages keep a target out


def limited(seconds=None):
    after = {} if seconds is None else {"retry-after": str(seconds)}
    return status(429, "rate_limit_error", **after)


SCENES = {}


def scene(*acts, **how):
    def register(play):
        SCENES[play.__name__.replace("_", "-")] = (play, acts, how)
        return play
    return register


def stages(wanted=""):
    """(stage, its story)."""
    return [(Stage(name, *acts, **how), play) for name, (play, acts, how) in SCENES.items()
            if wanted in name]


async def refuses_the_prompt(answer):
    """A client's own fault, told in words of which every client has its own."""
    said = answer.delivery.request["messages"][0]["content"]
    code = (400, 413, 422)[len(said) % 3]
    error = {"message": f"too long: {said}", "type": "invalid_request_error", "param": None,
             "code": "context_length_exceeded"}
    answer.delivery.billed = False
    await answer.body(code, {"error": error}, content_type="application/json")


@scene(refuses_the_prompt, healthy)
async def errors_of_clients_stay_theirs(stage):
    """1,000 of them: each gets its own words, nobody else is asked, and the target goes on."""
    first, second = stage.targets
    gate = asyncio.Semaphore(32)

    async def one(number):
        async with gate:
            mark = f"mark-{number}-" + "x" * (number % 7)
            reply = await stage.ask(number, text=mark, stream=number % 2 == 0)
            told = json.loads(reply.body or b"{}").get("error", {}).get("message")
            if told != f"too long: {mark}" or reply.status not in (400, 413, 422):
                stage.wrong(f"client {number} got {reply.status}: {reply.body[:120]!r}")

    await asyncio.gather(*(one(number) for number in range(1000)))
    if len(first.times) != 1000 or second.times:
        stage.wrong(f"the targets were asked {len(first.times)} and {len(second.times)} times")
    first.act = healthy
    stage.all_answered(await stage.at_rate(50, 0.5), by="bad")


@scene(overloaded, healthy)
async def a_target_that_is_down_is_left_alone(stage):
    """Every call is answered; the target gets probes, and its traffic once it is well again."""
    first, _ = stage.targets
    stage.all_answered(await stage.at_rate(20, 6), by="good", but=REFUSED_MAX)
    if len(first.times) > UNTIL_TRIPPED_MAX + PROBES_MAX:
        stage.wrong(f"120 calls asked a target {len(first.times)} times that was down")
    first.act = healthy
    if not await stage.until_first_serves(20, BACK_SECONDS_MAX):
        stage.wrong(f"no traffic is back after {BACK_SECONDS_MAX} s")
    await came_back(stage)


async def came_back(stage):
    """Behind its probes the first target carries all of it again."""
    await stage.at_rate(20, 1)
    await asyncio.sleep(1)
    stage.all_answered(await stage.at_rate(20, 1), by="bad")


@scene(overloaded, healthy)
async def a_probe_that_says_nothing_gives_its_slot_back(stage):
    """Probes that meet a 429 neither fail nor pass; the next ones must still be sent."""
    first, _ = stage.targets
    stage.all_answered(await stage.at_rate(20, 2), by="good", but=REFUSED_MAX)
    first.act = limited()
    stage.all_answered(await stage.at_rate(20, 12), by="good", but=REFUSED_MAX)
    first.act = healthy
    if not await stage.until_first_serves(20, BACK_SECONDS_MAX):
        stage.wrong(f"no traffic is back after {BACK_SECONDS_MAX} s")


@scene(hang, healthy, first_byte="300ms")
async def a_silent_target_is_left_alone(stage):
    first, _ = stage.targets
    stage.all_answered(await stage.at_rate(20, 5), by="good", but=REFUSED_MAX)
    if len(first.times) > UNTIL_TRIPPED_MAX + PROBES_MAX:
        stage.wrong(f"100 calls asked a silent target {len(first.times)} times")


@scene(error_in_band, healthy)
async def errors_in_band_trip_a_target(stage):
    first, _ = stage.targets
    stage.all_answered(await stage.at_rate(20, 4), by="good", but=REFUSED_MAX)
    if len(first.times) > UNTIL_TRIPPED_MAX + PROBES_MAX:
        stage.wrong(f"80 calls asked a target {len(first.times)} times that tells errors in band")


@scene(reset_first, healthy)
async def resets_trip_a_target(stage):
    first, _ = stage.targets
    stage.all_answered(await stage.at_rate(20, 4), by="good", but=REFUSED_MAX)
    if len(first.times) > UNTIL_TRIPPED_MAX + PROBES_MAX:
        stage.wrong(f"80 calls asked a target {len(first.times)} times that resets")


@scene(overloaded, overloaded, overloaded)
async def retries_are_a_part_of_the_calls(stage):
    """All targets fail: at most three attempts a call, and few of them in all."""
    replies = await stage.at_rate(60, 5)
    stage.all_refused(replies)
    asked = sum(len(target.times) for target in stage.targets)
    # What the breakers let through before they trip is not many, and at least one stays routable.
    most = len(replies) * 1.1 + 3 * UNTIL_TRIPPED_MAX
    if asked > most:
        stage.wrong(f"{len(replies)} calls made {asked} attempts")


@scene(limited(3), healthy)
async def retry_after_is_heeded(stage):
    """The target is not asked again before its time, and is afterwards; it has not tripped."""
    first, _ = stage.targets
    stage.all_answered([await stage.ask()], by="good")
    told = first.times[0]
    first.act = healthy
    stage.all_answered(await stage.at_rate(20, 2.5), by="good")
    early = [at - told for at in first.times[1:] if at < told + 3]
    if early:
        stage.wrong(f"asked again after {early[0]:.2f} s, told to wait for 3")
    if not await stage.until_first_serves(20, BACK_SECONDS_MAX):
        stage.wrong("it is never asked again")


@scene(healthy, healthy)
async def a_later_retry_after_extends_and_never_shortens(stage):
    """Three calls are under way at once, and are told 1 s, 4 s and 1 s in this order."""
    first, _ = stage.targets
    arrived, orders = [], [asyncio.Event() for _ in range(3)]

    async def when_told(answer):
        number = len(arrived)
        arrived.append(number)
        if number == 2:
            orders[0].set()
        await orders[number].wait()
        await limited((1, 4, 1)[number])(answer)
        if number < 2:
            await asyncio.sleep(0.2)
            orders[number + 1].set()

    first.act = when_told
    stage.all_answered(await asyncio.gather(*(stage.ask(number) for number in range(3))), by="good")
    told = time.monotonic()  # at the latest; the longest order came 0.2 s and more before
    first.act = healthy
    stage.all_answered(await stage.at_rate(20, 3), by="good")
    early = [at - told for at in first.times[3:] if at < told + 3]
    if early:
        stage.wrong(f"asked again {early[0]:.2f} s after the last order")
    if not await stage.until_first_serves(20, BACK_SECONDS_MAX):
        stage.wrong("it is never asked again")


async def fails_for_one(answer):
    poison = answer.delivery.request["messages"][0]["content"] == "poison"
    await (overloaded if poison else healthy)(answer)


@scene(fails_for_one, healthy)
async def poison_of_one_trips_nobody_else(stage):
    """One client's prompts make the target fail; to all others it goes on to be the first."""
    first, _ = stage.targets
    for _ in range(30):
        poisoned, *others = await asyncio.gather(
            stage.ask(0, text="poison"), *(stage.ask(number) for number in (1, 2, 3)))
        stage.all_answered([poisoned], by="good")
        stage.all_answered(others, by="bad")
    poison = len(first.times) - 90
    if poison > UNTIL_TRIPPED_MAX + PROBES_MAX:
        stage.wrong(f"the target was asked {poison} times for the poison")


@scene(status(401, "invalid_api_key"), healthy)
async def a_key_that_is_no_good_is_left_alone(stage):
    first, _ = stage.targets
    stage.all_answered(await stage.at_rate(20, 4), by="good", but=REFUSED_MAX)
    if len(first.times) > UNTIL_TRIPPED_MAX:
        stage.wrong(f"80 calls asked a target {len(first.times)} times that knows no such key")


@scene(status(429, "insufficient_quota"), healthy)
async def a_quota_that_is_spent_is_left_alone(stage):
    first, _ = stage.targets
    stage.all_answered(await stage.at_rate(20, 4), by="good", but=REFUSED_MAX)
    if len(first.times) > UNTIL_TRIPPED_MAX:
        stage.wrong(f"80 calls asked a target {len(first.times)} times whose quota is spent")


@scene(overloaded)
async def one_target_stays_routable(stage):
    """There is no other: it is asked even though it fails, and serves as soon as it is well."""
    first, = stage.targets
    stage.all_refused(await stage.at_rate(20, 2))
    before = len(first.times)
    stage.all_refused(await stage.at_rate(20, 1))
    if len(first.times) == before:
        stage.wrong("nothing is asked any more")
    first.act = healthy
    stage.all_answered(await stage.at_rate(20, 1), by="bad")


async def loading(answer):
    """As llama.cpp answers after its start."""
    error = {"code": 503, "message": "Loading model", "type": "unavailable_error"}
    answer.delivery.billed = False
    await answer.body(503, {"error": error}, content_type="application/json")


@scene(loading)
async def a_model_that_loads_is_waited_for(stage):
    """Forty clients wait, few of them ask, and all are answered when it is there."""
    first, = stage.targets
    calls = [asyncio.create_task(stage.ask(number)) for number in range(40)]
    await asyncio.sleep(4)
    asked = len(first.times)
    first.act, first.questions = healthy, LOADING_QUESTIONS
    stage.all_answered(await asyncio.gather(*calls), by="bad")
    if asked > 40 + LOADING_QUESTIONS:  # all at first, at one time
        stage.wrong(f"40 calls asked {asked} times whether the model is there")


@scene(loading, healthy)
async def meanwhile_another_target_answers(stage):
    first, _ = stage.targets
    stage.all_answered(await stage.at_rate(20, 4), by="good")
    if len(first.times) > 4 + LOADING_QUESTIONS:
        stage.wrong(f"80 calls asked {len(first.times)} times whether the model is there")
    first.act = healthy
    if not await stage.until_first_serves(20, BACK_SECONDS_MAX):
        stage.wrong("it is never asked again")
    await came_back(stage)


@scene(hang, stall, first_byte="200ms")
async def clients_that_leave_hold_no_slot(stage):
    """They leave at any moment: while the first target is silent, between two attempts, in a
    stream. Of the four slots of their key none is lost."""
    rng = random.Random(1)
    for _ in range(30):
        await asyncio.gather(*(stage.ask(NARROW, seconds=rng.uniform(0.001, 0.5))
                               for _ in range(NARROW_CALLS)))
    first, second = stage.targets
    second.act = healthy
    for _ in range(100):  # a call ends some time after its client has left
        replies = await asyncio.gather(*(stage.ask(NARROW) for _ in range(NARROW_CALLS)))
        if all(reply.status == 200 for reply in replies):
            break
    stage.all_answered(replies, by="good")
    first.act = second.act = hang
    began = time.monotonic()
    waiting = [asyncio.create_task(stage.ask(NARROW, seconds=3)) for _ in range(NARROW_CALLS)]
    while first.asked_since(began) + second.asked_since(began) < NARROW_CALLS:
        await asyncio.sleep(0.01)
    refused = await stage.ask(NARROW)
    if refused.status != 429:
        stage.wrong(f"a fifth call at one time got {refused.status}")
    await asyncio.gather(*waiting)
