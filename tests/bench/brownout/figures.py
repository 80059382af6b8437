"""What became of the calls of each phase, and how it is told."""

import math
from dataclasses import dataclass

PHASES = ("healthy", "brown", "after")
BACK_IN_A_ROW = 20  # answers of the primary in a row: it carries the traffic again
ANSWERED_MIN = 0.995  # of the calls, with a healthy second target
ATTEMPTS_MAX = 1.1  # of the calls
ATTEMPTS_FLOOR = 10  # what a short run may add to that
PRIMARY = "primary"
# What it gets while it is brown: calls until it has tripped and those on their way then, and after
# that a few probes each second at most.
BROWN_SECONDS_UNTIL_TRIPPED = 3
PROBES_A_SECOND = 3
SLOWER_MAX = 1.5  # times as long as with a healthy primary, 95 of 100 answers
REFUSED_SECONDS_MAX = 0.05  # 95 of 100 of those who are
# Where calls are refused a tripped primary is probed 5 s after it tripped last, and three answers
# are enough. What was sent before the end may have to run into its limit of 3 s first.
BACK_SECONDS_MAX = 12


@dataclass
class Seen:
    """One call as its client saw it; times in seconds from the start of the run."""

    began: float
    ended: float = 0.0
    status: int = 0
    target: str = ""
    answered: bool = False  # complete, with all of its text and its end
    faults: tuple = ()  # what no client may see: half an answer without an error, no end

    @property
    def seconds(self):
        return self.ended - self.began


def quantile(values, share):
    """The smallest value that so large a share lies at or below; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def phase_of(began, lengths):
    until = 0
    for name, length in zip(PHASES, lengths):
        until += length
        if began < until:
            return name
    return PHASES[-1]


def back_after(seen, brown_ends):
    """Seconds from the end of the brown-out to the first of so many answers of the primary in a
    row; None when they never came."""
    row = []
    for one in sorted(seen, key=lambda one: one.began):
        if one.began < brown_ends or not one.answered:
            continue
        row = [*row, one] if one.target.startswith(PRIMARY) else []
        if len(row) == BACK_IN_A_ROW:
            return row[0].began - brown_ends
    return None


@dataclass
class Scenario:
    """One run: its calls, and when requests came to each target, in the same seconds."""

    name: str
    lengths: tuple  # seconds of each phase
    seen: list
    arrivals: dict

    def of(self, phase):
        return [one for one in self.seen if phase_of(one.began, self.lengths) == phase]

    @property
    def attempts(self):
        return sum(len(times) for times in self.arrivals.values())

    def primary_in_brown(self):
        """Requests that the primary got while it was brown."""
        begins, ends = self.lengths[0], self.lengths[0] + self.lengths[1]
        return sum(begins <= at < ends for at in self.arrivals[PRIMARY])

    def faults(self, all_answered):
        for one in self.seen:
            yield from (f"{self.name}: {fault}" for fault in one.faults)
        share = sum(one.answered for one in self.seen) / len(self.seen)
        if all_answered and share < ANSWERED_MIN:
            yield f"{self.name}: {share:.2%} of the calls were answered"
        most = len(self.seen) * ATTEMPTS_MAX + ATTEMPTS_FLOOR
        if self.attempts > most:
            yield f"{self.name}: {len(self.seen)} calls, {self.attempts} attempts"
        if not all(one.answered for one in self.seen if one.ended < self.lengths[0]):
            yield f"{self.name}: a call of a healthy primary was not answered"
        rate = len(self.seen) / sum(self.lengths)
        most = rate * BROWN_SECONDS_UNTIL_TRIPPED + PROBES_A_SECOND * self.lengths[1]
        if self.primary_in_brown() > most:
            yield f"{self.name}: the brown primary got {self.primary_in_brown()} requests"

    def slow(self):
        """Of the time in which the primary is brown, once its first calls have failed."""
        settled = self.lengths[0] + BROWN_SECONDS_UNTIL_TRIPPED
        brown = [one for one in self.of("brown") if one.began >= settled]
        good = quantile([one.seconds for one in brown if one.answered], 0.95)
        rest = quantile([one.seconds for one in brown if not one.answered], 0.95)
        usual = quantile([one.seconds for one in self.of("healthy") if one.answered], 0.95)
        if good is None or good > usual * SLOWER_MAX:
            yield f"{self.name}: p95 {milliseconds(good)} ms, of usually {milliseconds(usual)} ms"
        if rest is not None and rest > REFUSED_SECONDS_MAX:
            yield f"{self.name}: who was refused waited {milliseconds(rest)} ms for it"

    def late(self):
        """A primary that is needed carries the traffic again soon."""
        back = back_after(self.seen, self.lengths[0] + self.lengths[1])
        if back is None or back > BACK_SECONDS_MAX:
            yield f"{self.name}: the primary was not back within {BACK_SECONDS_MAX} s"

    def lines(self):
        healthy = [one.seconds for one in self.of("healthy") if one.answered]
        for phase in PHASES:
            calls = self.of(phase)
            good = [one.seconds for one in calls if one.answered]
            rest = [one.seconds for one in calls if not one.answered]
            ratio = "-"
            if good and healthy:
                ratio = f"{quantile(good, 0.95) / quantile(healthy, 0.95):.2f}"
            yield [self.name if phase == PHASES[0] else "", phase, str(len(calls)),
                   f"{len(good) / len(calls):.2%}" if calls else "-",
                   milliseconds(quantile(good, 0.5)), milliseconds(quantile(good, 0.95)), ratio,
                   str(len(rest)), milliseconds(quantile(rest, 0.5)),
                   milliseconds(quantile(rest, 0.95))]

    def summary(self):
        back = back_after(self.seen, self.lengths[0] + self.lengths[1])
        told = "not back" if back is None else f"back after {back:.1f} s"
        return (f"{self.name}: {self.attempts / len(self.seen):.3f} attempts a call; "
                f"{self.primary_in_brown()} requests to the brown primary; {told}")


HEAD = ["second target", "phase", "calls", "answered", "p50 ms", "p95 ms", "x healthy", "rest",
        "rest p50 ms", "rest p95 ms"]


def milliseconds(seconds):
    return "-" if seconds is None else f"{seconds * 1000:.0f}"


def table(scenarios):
    rows = [HEAD, ["---"] * len(HEAD)] + [line for one in scenarios for line in one.lines()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
                     for row in rows)
