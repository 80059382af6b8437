"""Figures, their gates, and the table of them."""

import dataclasses
import random
import statistics

RESAMPLES = 10000
SEED = 1  # the bounds of the same rounds are the same in every run


@dataclasses.dataclass
class Figure:
    """One measured quantity. A ratio is judged on its lower bound, all else on the value itself."""

    name: str
    unit: str
    value: float
    worker: float | None = None       # the part of it on the thread that carries the calls
    reference: float | None = None    # nginx, in the same run
    ratio: float | None = None        # median over rounds of value / reference
    lower: float | None = None        # 95 % bounds of the ratio
    upper: float | None = None
    gate: float | None = None         # on the ratio when there is one
    fails: bool = False               # a broken gate fails CI
    ceiling: float | None = None      # a gate not reached yet: CI holds what we have (held.json)

    @property
    def failed(self):
        """Whether CI fails: the gate is broken, and so is what was held before."""
        if not self.fails or self.held is not False:
            return False
        return self.ceiling is None or self.judged > self.ceiling

    @property
    def judged(self):
        return self.value if self.ratio is None else self.lower

    @property
    def held(self):
        return None if self.gate is None else self.judged <= self.gate

    def as_json(self):
        return {**dataclasses.asdict(self), "held": self.held}


def ratio_bounds(values, references):
    """The median of value / reference over paired rounds, with one-sided 95 % bounds.

    Rounds are drawn again with replacement (bootstrap): no shape of the noise is assumed, and what
    disturbed one round disturbs both sides of its ratio.
    """
    ratios = [value / reference for value, reference in zip(values, references, strict=True)]
    source = random.Random(SEED)
    medians = sorted(
        statistics.median(source.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    return (statistics.median(ratios), medians[int(RESAMPLES * 0.05)],
            medians[int(RESAMPLES * 0.95) - 1])


def paired(name, unit, values, workers, references, gate):
    ratio, lower, upper = ratio_bounds(values, references)
    return Figure(name, unit, statistics.median(values), statistics.median(workers),
                  statistics.median(references), ratio, lower, upper, gate)


def rotated(names, turn):
    """The order of a round: each name comes first equally often."""
    turn %= len(names)
    return names[turn:] + names[:turn]


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}"


def row(figure):
    spread = "-"
    if figure.ratio is not None:
        spread = f"{figure.ratio:.2f} [{figure.lower:.2f}, {figure.upper:.2f}]"
    limit = "-"
    if figure.gate is not None:
        limit = f"<= {figure.gate:,g}" + (" x nginx" if figure.ratio is not None else "")
    verdict = {None: "-", True: "held", False: "BROKEN"}[figure.held]
    if figure.held is False and figure.ceiling is not None and not figure.failed:
        verdict = f"NOT REACHED, CI holds {figure.ceiling:,g}"
    return [f"{figure.name}, {figure.unit}", number(figure.value), number(figure.worker),
            number(figure.reference), spread, limit, verdict]


def table(figures, subject):
    head = ["", subject, "of it worker", "nginx", "x nginx [95 %]", "gate", ""]
    rows = [head] + [row(figure) for figure in figures]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(head))]
    lines = []
    for cells in rows:
        line = [cells[0].ljust(widths[0])]
        line += [cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:-1])]
        lines.append("  ".join(line + [cells[-1]]).rstrip())
    return "\n".join(lines)
