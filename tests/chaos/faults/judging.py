"""One cell: what its client may get of it, and its row held against what providers delivered."""

from collections import defaultdict
from decimal import Decimal

from cells import ANSWER, NANO_USD
from faulty import RETRY_AFTER_SECONDS

ATTEMPTS_MAX = 3
# Tokens of what had no end are counted by the gateway; a second charge would be twice as much, and
# none at all far less.
ESTIMATE_FACTOR, ESTIMATE_TOKENS = Decimal("1.5"), 8
OUTCOMES = {True: "completed", False: "provider_failed"}


def client_faults(cell, reply, verdict):
    if verdict.is_defect:
        yield f"{verdict.kind}: {verdict.why}"
    elif verdict.kind not in cell.may_get():
        yield f"got {verdict.how}, not {' or '.join(sorted(cell.may_get()))}"
    if verdict.served and verdict.served != cell.serves():
        yield f"the answer is of the {verdict.served} target"
    target = f"{cell.good}/m-good" if verdict.served == "good" else f"{cell.bad}/m-bad"
    told = reply.fields.get("x-recloser-target")
    if verdict.served and told != target:
        yield f"x-recloser-target is {told}, not {target}"
    if cell.fault.name == "429-after" and reply.status == 429:
        waits = reply.fields.get("retry-after")
        if waits != str(RETRY_AFTER_SECONDS):
            yield f"Retry-After is {waits}"


def row_faults(cell, verdict, rows, deliveries):
    """What is wrong with the books of one cell; `deliveries` by name of the provider."""
    if len(rows) != 1:
        yield f"{len(rows)} rows"
        return
    row, = rows
    if row["outcome"] != OUTCOMES[verdict.kind == ANSWER]:
        yield f"outcome {row['outcome']} of what was {verdict.how}"
    attempts = row["attempts"]
    if not 1 <= len(attempts) <= ATTEMPTS_MAX:
        yield f"{len(attempts)} attempts"
    if verdict.served and attempts and not attempts[-1]["target"].startswith(f"{verdict.served}-"):
        yield f"the answer of the {verdict.served} target is booked on {attempts[-1]['target']}"
    yield from attempt_faults(cell, verdict, attempts, deliveries)
    yield from sum_faults(row)


def attempt_faults(cell, verdict, attempts, deliveries):
    by_provider = defaultdict(list)
    for attempt in attempts:
        by_provider[attempt["target"].split("/")[0]].append(attempt)
    for name in by_provider.keys() - {cell.bad, cell.good}:
        yield f"an attempt at {name}"
    for name, place in ((cell.bad, "bad"), (cell.good, "good")):
        made, seen = by_provider[name], deliveries.get(name, [])
        if (place == "good" or cell.fault.act) and len(made) != len(seen):
            yield f"{name} was asked {len(seen)} times, the books have {len(made)}"
        if not seen:
            yield from (f"{name} never took a request and has {attempt['cost_usd']}"
                        for attempt in made if Decimal(attempt["cost_usd"] or 0))
        for attempt, delivery in zip(made, seen):
            yield from charge_faults(name, place, attempt, delivery)


def charge_faults(name, place, attempt, delivery):
    """One attempt and its delivery."""
    given, made = attempt["input_tokens"] or 0, attempt["output_tokens"] or 0
    if delivery.said:
        if (given, made) != delivery.said:
            yield f"{name} said {delivery.said}, the books have {(given, made)}"
    else:
        for what, charged, owed in zip(("input", "output"), (given, made), delivery.owed):
            room = ESTIMATE_TOKENS if owed else 0
            if charged > owed * ESTIMATE_FACTOR + room:
                yield f"{name}: {charged} tokens of {what} are charged, {owed} were delivered"
            if not delivery.may_be_free and charged < owed / ESTIMATE_FACTOR - room:
                yield f"{name}: {owed} tokens of {what} may be billed, the books have {charged}"
    each = NANO_USD[place]
    cost = Decimal(given * each[0] + made * each[1]) / 10**9
    if Decimal(attempt["cost_usd"] or 0) != cost:
        yield f"{name}: {given} and {made} tokens cost {attempt['cost_usd']}, not {cost}"


def sum_faults(row):
    """A row is the sum of its attempts."""
    for field in ("input_tokens", "output_tokens", "cost_usd"):
        parts = sum(Decimal(attempt[field] or 0) for attempt in row["attempts"])
        if Decimal(row[field] or 0) != parts:
            yield f"{field} {row[field]} is not the sum of its attempts, {parts}"


def account_faults(account, rows):
    """The one budget of all cells, when all are over."""
    if Decimal(account["reserved"]) or account["open_calls"]:
        yield f"{account['reserved']} is held, {account['open_calls']} calls are open"
    cost = sum(Decimal(row["cost_usd"] or 0) for row in rows)
    if Decimal(account["spent"]) != cost:
        yield f"the budget has {account['spent']}, its rows come to {cost}"
