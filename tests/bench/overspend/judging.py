"""One crowd on one budget: what the provider counted beside the limit, the books and the budget."""

from dataclasses import dataclass, field
from decimal import Decimal

CHUNKS_BEYOND_MAX = 2  # of one running stream, between our close and its provider's stop
USED_MIN = 0.99  # of an elastic budget: it is used, not just guarded
FAULTS_SHOWN = 10


@dataclass
class Cell:
    mode: str
    stream: bool
    clients: int
    witness: object
    limit: int  # nano-dollars
    calls_each: int
    exactly: int | None = None  # calls that must be let in

    @property
    def paced(self):
        """Whether the provider is asked for a stream: by the client, or to be able to stop it."""
        return self.stream or self.mode == "elastic"

    @property
    def id(self):
        form = "stream" if self.stream else "whole"
        return f"{self.witness.name}-{self.mode.replace('_', '-')}-{form}-{self.clients}"


@dataclass
class Result:
    cell: Cell
    tally: object
    spent: int = 0  # by the provider's count
    charged: int = 0  # by the budget's
    beyond: int = 0  # tokens past what was delivered, of the worst stream
    beyond_all: int = 0  # of all of them
    running: int = 0  # streams that were cut
    faults: list = field(default_factory=list)

    HEAD = ("| provider | reserve | form | clients | admitted | cut | refused | limit $ | spent $ "
            "| overspend n$ | used | beyond a cut |\n"
            "|---|---|---|---|---|---|---|---|---|---|---|---|")

    @property
    def overspend(self):
        return max(0, self.spent - self.cell.limit)

    @property
    def used(self):
        return self.charged / self.cell.limit

    def line(self):
        cell, tally = self.cell, self.tally
        return (f"| {cell.witness.name} | {cell.mode} | {'stream' if cell.stream else 'whole'} "
                f"| {cell.clients} | {tally.admitted} | {tally.cut} | {tally.refused} "
                f"| {cell.limit / 1e9:.6f} | {self.spent / 1e9:.6f} | {self.overspend} "
                f"| {self.used:.2%} | {self.beyond} |")


def judged(cell, tally, billed, books, cost, paced):
    result = Result(cell, tally, faults=list(tally.faults))
    result.spent = sum(cost(one.input, one.output) for one in billed)
    rows = books.calls(team=cell.id)
    asked = {row["attempts"][0]["provider_request_id"]: row for row in rows if row["attempts"]}
    result.faults += rows_fit_truth(asked, billed, cost, result)
    account = books.get("/admin/budgets", name=f"key/{cell.id}/usd/total")["data"][0]
    result.charged = nano(account["spent"])
    result.faults += account_fits_rows(account, rows, result)
    result.faults += holds_the_line(cell, tally, result, cost, paced)
    del result.faults[FAULTS_SHOWN:]
    return result


def nano(text):
    return int(Decimal(text) * 10**9)


def rows_fit_truth(asked, billed, cost, result):
    """Every call that the provider saw has one row, with its tokens where it said them."""
    if len(asked) != len(billed):
        yield f"the provider saw {len(billed)} calls, the books have {len(asked)}"
    for one in billed:
        row = asked.get(one.id)
        if row is None:
            yield f"{one.id} is not in the books"
            continue
        told = (row["input_tokens"], row["output_tokens"])
        if row["outcome"] == "cut":
            result.running += 1
            beyond = one.output - row["delivered_tokens"]
            result.beyond = max(result.beyond, beyond)
            result.beyond_all += beyond
        if row["outcome"] == "cut" and row["tokens_source"] == "estimated":
            if told[0] < one.input or told[1] > one.output:
                yield f"{row['id']}: cut with {told}, its provider counted {one}"
        elif told != (one.input, one.output) or nano(row["cost_usd"]) != cost(*told):
            yield f"{row['id']}: {told} for {row['cost_usd']}, its provider counted {one}"


def account_fits_rows(account, rows, result):
    booked = sum(nano(row["cost_usd"]) for row in rows if row["cost_usd"])
    for row in rows:
        charged = sum(nano(line["charged_usd"]) for line in row["budgets"])
        if charged != nano(row["cost_usd"] or "0"):
            yield f"{row['id']} cost {row['cost_usd']}, the budget has {charged} nano-dollars"
    if booked != result.charged:
        yield f"the rows come to {booked}, the budget has {result.charged}"
    if nano(account["reserved"]) or account["open_calls"]:
        yield f"{account['reserved']} is still held, {account['open_calls']} calls are open"


def holds_the_line(cell, tally, result, cost, paced):
    allowed = 0
    if cell.mode == "elastic":  # what was written between our close and its provider's stop
        allowed = cost(0, result.beyond_all)
        if paced and result.beyond_all > CHUNKS_BEYOND_MAX * result.running:
            yield f"{result.beyond_all} tokens came past what {result.running} streams delivered"
        if result.used < USED_MIN:
            yield f"only {result.used:.2%} of the budget was used"
    if result.overspend > allowed:
        yield f"{result.overspend} nano-dollars were spent that were not there"
    if cell.exactly is not None and tally.admitted != cell.exactly:
        yield f"{tally.admitted} calls were let in, and {cell.exactly} fit"
    if cell.exactly is None and tally.refused != cell.clients:
        yield f"{tally.refused} of {cell.clients} clients were refused in the end"
