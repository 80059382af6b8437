"""Models with several targets whose providers can be told how to behave, and clients of them."""

import asyncio
import pathlib
import sys
import time

PROJECT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(PROJECT / "tests/clients"), str(PROJECT / "tests/chaos/faults")]

import client  # noqa: E402
import faulty  # noqa: E402
import reading  # noqa: E402
from cells import ANSWER, ERROR  # noqa: E402

KEYS = 8
NARROW, NARROW_CALLS = "narrow", 4  # a key, and how many calls it may have at one time
KEY = "rk-of-a-client-of-failing-targets-"
TOKEN = "token-of-the-operator-of-failover"
CALL_SECONDS_MAX = 30
# Words tell whose answer it is: those of `bad` are the first target's, however it fares.
PLACES = ("bad", "good", "good")

HEAD = """\
apiVersion: recloser.dev/v1alpha1
kind: Gateway
listen:
  - address: 127.0.0.1:0
admin:
  address: 127.0.0.1:0
  token: {token}
state:
  directory: state
workers: 2
prices: {{unpriced: allow_without_budget}}
"""


class Target:
    """A provider whose behaviour is `act`, and when it was asked."""

    def __init__(self, scene, number, act, first_byte):
        self.name = f"{scene}-{'abc'[number]}"
        self.place, self.act, self.first_byte = PLACES[number], act, first_byte
        self.times = []
        self.questions = 0  # that more than the first and the last of their calls may be

    async def __call__(self, answer):
        self.times.append(time.monotonic())
        await self.act(answer)

    def asked_since(self, moment):
        return sum(at > moment for at in self.times)


class Stage:
    """One model of the name of its scene; its targets in order."""

    def __init__(self, name, *acts, first_byte="15s"):
        self.name = name
        self.targets = [Target(name, number, act, first_byte) for number, act in enumerate(acts)]
        self.address = self.provider = None
        self.faults = []

    def config(self, port):
        """Its part of `providers` and of `models`."""
        providers = "".join(
            f"  {one.name}: {{dialect: openai, baseUrl: \"http://127.0.0.1:{port}/{one.name}/v1\","
            f" apiKey: provider-key, timeouts: {{firstByte: {one.first_byte}}}}}\n"
            for one in self.targets)
        targets = "".join(f"      - {{provider: {one.name}, model: m, order: {order}}}\n"
                          for order, one in enumerate(self.targets, 1))
        return providers, f"  {self.name}:\n    targets:\n{targets}"

    async def ask(self, number=0, text="hello", stream=True, seconds=CALL_SECONDS_MAX):
        """One call of the client with this number; its reply with the verdict on it. After so many
        seconds it leaves."""
        order = {"model": self.name, "stream": stream, "max_tokens": 200,
                 "messages": [{"role": "user", "content": text}]}
        key = number if number == NARROW else number % KEYS
        reply = await client.call(self.address, f"{KEY}{key}", "chat", order, seconds=seconds)
        sent = [one for target in self.targets for one in self.provider.deliveries[target.name]]
        reply.verdict = reading.verdict(reply, "chat", stream, sent)
        return reply

    async def at_rate(self, rate, seconds, **how):
        """A call every 1 / rate seconds, whatever becomes of the others."""
        began = time.monotonic()
        calls = []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0, began + number / rate - time.monotonic()))
            calls.append(asyncio.create_task(self.ask(number, **how)))
        return await asyncio.gather(*calls)

    async def until_first_serves(self, rate, seconds):
        """Calls at a rate until the first target answers one: whether it did in time."""
        until = time.monotonic() + seconds
        number = 0
        while time.monotonic() < until:
            reply = await self.ask(number)
            self.all_answered([reply])
            if reply.verdict.served == PLACES[0]:
                return True
            number += 1
            await asyncio.sleep(1 / rate)
        return False

    def wrong(self, text):
        self.faults.append(text)

    def all_answered(self, replies, by=None, but=0):
        """Each with an answer, `but` so many with an honest error."""
        errors = [reply for reply in replies if reply.verdict.kind == ERROR]
        for reply in replies:
            if len(errors) <= but and reply in errors:
                continue
            got = reply.verdict
            if got.kind != ANSWER or (by and got.served != by):
                self.wrong(f"a call got {got.how} {got.why} of {got.served or 'nobody'}, "
                           f"not an answer of {by or 'anybody'}")

    def all_refused(self, replies):
        for reply in replies:
            if reply.verdict.kind != ERROR:
                self.wrong(f"a call got {reply.verdict.how}, not an error: {reply.verdict.why}")


def whole_config(stages, port):
    parts = [stage.config(port) for stage in stages]
    budget = "budget: {tokens: 1000000000, per: total}"
    keys = "".join(f"  - {{id: c{number}, secret: {KEY}{number}, {budget}}}\n"
                   for number in range(KEYS))
    keys += (f"  - {{id: narrow, secret: {KEY}{NARROW}, concurrency: {NARROW_CALLS}, "
             f"{budget}}}\n")
    return (HEAD.format(token=TOKEN) + "providers:\n" + "".join(one for one, _ in parts)
            + "models:\n" + "".join(one for _, one in parts) + "keys:\n" + keys)


def plans(stages):
    return {target.name: (target.place, "chat", target)
            for stage in stages for target in stage.targets}


healthy, hang, status = faulty.healthy, faulty.hang, faulty.status
error_in_band, reset_first, stall = faulty.error_in_band, faulty.reset_first, faulty.stall
