"""The books beside what the provider saw and what the clients saw."""

import collections
from decimal import Decimal

NANO_OUTPUT = 600  # of a word of the simulated provider's

# What may become of a call in whose course the gateway was killed.
ENDS = {"completed", "client_gone", "gateway_failed"}


def differences(rows, truth, seen):
    """Every way in which the books are wrong, as sentences; none: they are right.

    Every call has a model name of its own, so rows, truth and clients are matched by it.
    """
    rows_of = by_model(rows, lambda row: row["model_requested"].split("/")[-1])
    truth_of = by_model(truth, lambda one: one["model"])
    yield from ids_are_unique(rows)
    for model, calls in truth_of.items():
        found = rows_of.get(model, [])
        if len(calls) > 1:
            yield f"{model}: the provider was asked {len(calls)} times for one call"
        if len(found) != 1:
            yield f"{model}: the provider saw the call, and it has {len(found)} rows"
            continue
        yield from row_fits_truth(found[0], calls[0])
    for model, found in rows_of.items():
        if len(found) > 1:
            yield f"{model}: {len(found)} rows of one call"
    for one in seen:
        yield from row_fits_client(rows_of.get(one.model, []), truth_of.get(one.model, []), one)


def budget_differences(accounts, rows):
    """The account of each budget is what the rows say they were charged, and nothing is held."""
    for account in accounts:
        charged = sum(nano(line["charged_usd"]) for row in rows for line in row["budgets"]
                      if line["name"] == account["name"])
        if account["unit"] == "usd" and nano(account["spent"]) != charged:
            yield f"{account['name']}: {account['spent']} spent, its rows say {charged} n$"
        if Decimal(account["reserved"]) or account["open_calls"]:
            yield f"{account['name']}: {account['reserved']} is held though nobody calls"
    for row in rows:
        for line in row["budgets"]:
            if nano(line["charged_usd"]) != nano(row["cost_usd"] or "0"):
                yield f"{row['id']}: cost {row['cost_usd']}, {line['charged_usd']} charged"


def nano(text):
    return int(Decimal(text) * 10**9)


def by_model(things, model_of):
    sorted_ones = collections.defaultdict(list)
    for thing in things:
        sorted_ones[model_of(thing)].append(thing)
    return sorted_ones


def ids_are_unique(rows):
    for call, count in collections.Counter(row["id"] for row in rows).items():
        if count > 1:
            yield f"call {call} stands in the books {count} times"


def row_fits_truth(row, call):
    """`provider_request_id` is known once the head of the answer has come."""
    asked = [one.get("provider_request_id") for one in row["attempts"]]
    if asked not in ([call["id"]], [None]):
        yield f"{row['id']}: its attempts are {asked}, the provider calls it {call['id']}"
    if row["outcome"] not in ENDS:
        yield f"{row['id']}: outcome {row['outcome']}"
    if row["outcome"] == "completed" and asked == [None]:
        yield f"{row['id']}: completed without an answer"
    if row["outcome"] == "completed" and tokens_of(row) != (call["input"], call["output_written"]):
        written = (call["input"], call["output_written"])
        yield f"{row['id']}: completed with {tokens_of(row)}, the provider counted {written}"


def row_fits_client(found, calls, one):
    if one.call and [row["id"] for row in found] != [one.call]:
        ids = [row["id"] for row in found]
        yield f"{one.kind}: its client was told call {one.call}, the books have {ids}"
        return
    if found and found[0]["outcome"] == "gateway_failed":
        yield from row_has_what_was_seen(found[0], one)
    if not one.finished:
        return
    if not found:
        yield f"{one.kind}: its client saw the last byte, and it has no row"
        return
    row = found[0]
    if (row["outcome"], row["tokens_source"]) != ("completed", "exact"):
        yield (f"{row['id']}: its client saw the last byte, the books say {row['outcome']}, "
               f"{row['tokens_source']}")
    told = (one.given, one.made)
    if one.made is not None and tokens_of(row) != told:
        yield f"{row['id']}: its client was told {told} tokens, the books say {tokens_of(row)}"
    if [call["state"] for call in calls] != ["finished"]:
        yield f"{row['id']}: its client saw the last byte, the provider says {calls}"


def row_has_what_was_seen(row, one):
    """A recovered row is an estimate, but never less than what its client has seen."""
    if (row["output_tokens"] or 0) < one.words:  # each is a token of the simulated provider's
        yield (f"{row['id']}: its client saw {one.words} words, the recovered row "
               f"says {row['output_tokens']} tokens")
    if nano(row["cost_usd"] or "0") < one.words * NANO_OUTPUT:
        yield (f"{row['id']}: its client saw {one.words} words, the recovered row says it cost "
               f"{row['cost_usd']}")
    if row["tokens_source"] == "exact":
        yield f"{row['id']}: exact, though the gateway did not live to see the end"


def tokens_of(row):
    return row["input_tokens"], row["output_tokens"]
