"""A gateway that ends between two calls with one Idempotency-Key: as it is asked to, by kill -9."""

import asyncio
from decimal import Decimal

from asking import KEY, TOKEN, ask, generations, is_whole, order
from harness.callers import Caller
from harness.gateway import Gateway, start_simulator

CONFIG = """\
apiVersion: recloser.dev/v1alpha1
kind: Gateway
listen:
  - address: 127.0.0.1:0
admin:
  address: 127.0.0.1:0
  token: {token}
state:
  directory: state-of-restarts
workers: 2
idempotency: {{store: {store}}}
providers:
  openai-sim:
    dialect: openai
    baseUrl: {simulator}/v1
    apiKey: provider-key
keys:
  - {{id: again, secret: {key}, budget: {{usd: 10, per: total, reserve: elastic}}}}
"""


class Story:
    """One gateway after the other on one state directory, in front of one provider."""

    def __init__(self, folder, provider):
        self.folder, self.provider, self.gateway = folder, provider, None

    def start(self, store="disk"):
        config = CONFIG.format(token=TOKEN, key=KEY, simulator=self.provider, store=store)
        self.gateway = Gateway(self.folder, config, TOKEN).start("gateway-of-restarts")

    def restart(self, store="disk"):
        self.gateway.child.stop()
        self.start(store)

    def kill(self):
        self.gateway.child.kill()
        self.start()

    def ask(self, stream, key):
        return asyncio.run(ask(self.gateway.address, stream, f"idempotency-key: {key}\r\n"))

    def made(self):
        return len(generations(self.provider))

    def kill_in_the_midst(self, key):
        async def begin_and_kill():
            caller = Caller(self.gateway.address, KEY)
            await caller.open(asyncio.Semaphore(1))
            caller.send(order(True), f"idempotency-key: {key}\r\n")
            await caller.reader.readuntil(b'"content":" ')
            self.gateway.child.kill()
            caller.close()

        asyncio.run(begin_and_kill())
        self.start()


def restarts(folder):
    """Name of each story -> what is wrong with it."""
    simulator, provider = start_simulator(folder)
    story = Story(folder, provider)
    try:
        story.start()
        told = {}
        for part in (stopped_twice, killed_after_the_answer, killed_in_the_midst,
                     the_books, back_to_memory):
            told[part.__name__.replace("_", " ")] = list(part(story))
        return told
    finally:
        for child in [simulator] + ([story.gateway.child] if story.gateway else []):
            child.kill()


def stopped_twice(story):
    for stream in (True, False):
        first = story.ask(stream, f"stopped {stream}")
        if stream and not is_whole(first):
            yield f"the first is told {first.status}"
        for _ in range(2):
            story.restart()
            yield from replay_faults(first, story.ask(stream, f"stopped {stream}"))
    if story.made() != 2:
        yield f"{story.made()} generations, not 2"


def killed_after_the_answer(story):
    before = story.made()
    first = story.ask(True, "killed after")
    story.gateway.books.calls()  # what was over before is stored
    for _ in range(2):
        story.kill()
        yield from replay_faults(first, story.ask(True, "killed after"))
    if story.made() != before + 1:
        yield f"{story.made() - before} generations, not 1"


def killed_in_the_midst(story):
    before = story.made()
    story.kill_in_the_midst("killed in the midst")
    for _ in range(2):
        again = story.ask(True, "killed in the midst")
        if again.status != 409 or b"idempotency_conflict" not in again.body:
            yield f"it is told {again.status}: {again.body[:300]!r}"
        story.restart()
    if story.made() != before + 1:
        yield f"{story.made() - before} generations, not 1"


def the_books(story):
    rows = story.gateway.books.calls()
    asked = [row for row in rows if row["attempts"]]
    if len(asked) != story.made():
        yield f"the provider has had {story.made()} calls, the books have {len(asked)}"
    if any(Decimal(row["cost_usd"] or 0) <= 0 for row in asked):
        yield "a call that was made is free"
    if any(Decimal(row["cost_usd"] or 0) != 0 for row in rows if not row["attempts"]):
        yield "a call that was not made is charged"
    spent = sum(Decimal(one["spent"]) for one in story.gateway.books.get("/admin/budgets")["data"]
                if one["unit"] == "usd")
    cost = sum(Decimal(row["cost_usd"] or 0) for row in asked)
    if spent != cost:
        yield f"the budget has {spent}, the rows come to {cost}"


def back_to_memory(story):
    before = story.made()
    story.restart("memory")
    answer = story.ask(True, "stopped True")
    if not is_whole(answer) or answer.field("idempotency-replayed") is not None:
        yield f"it is told {answer.status}, and that of an answer that was to be forgotten"
    story.restart()
    story.ask(False, "stopped False")
    if story.made() != before + 2:
        yield f"{story.made() - before} generations, not 2: what was on the disk is still there"


def replay_faults(first, again):
    if again.status != 200 or again.payload() != first.payload():
        yield f"it is told {again.status}: {again.body[-300:]!r}"
    if again.field("idempotency-replayed") != "true":
        yield "it is not told that this is what was made before"
