#!/usr/bin/env python3
"""Sealed thinking: the line from the bytes of a seal to its tokens, per family, and what holds out.

sealed.tsv has sizes alone, of exchanges recorded by pydantic-ai and ruby_llm (both MIT) and of the
shared recordings: the seals of an answer, their bytes of base64, the tokens of thinking (what was
charged beyond what is seen, or the provider's own figure where it is not rounded), and the output
charged. A group is one recorded test; each is judged by a line that was fitted without it.

    sealed.py            fits each family, and prints the error with and without the group
    sealed.py --check    judges the lines of src/text/token_family.cpp instead of fitting

An error is given of the whole output charged, which is what a bill has.
"""
import argparse
import csv
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
FAMILIES = HERE.parent.parent / "src/text/token_family.cpp"
ENVELOPES = range(0, 1001, 20)
PER_MILLE = range(100, 301, 6)
OUTPUT_MIN = 30  # of less, a token is much


def rows():
    with open(HERE / "sealed.tsv", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield row["family"], row["group"], [int(row[n]) for n in
                                                ("items", "bytes", "tokens", "output")]


def tokens(line, row):
    return max(0, row[1] - row[0] * line[0]) * line[1] / 1000


def error(line, row):
    return 100 * abs(tokens(line, row) - row[2]) / max(row[3], OUTPUT_MIN)


def errors_by_group(all_rows):
    """The error of every line of the grid, by group: a fold is then a subtraction."""
    grid = [(envelope, rate) for envelope in ENVELOPES for rate in PER_MILLE]
    sums = {}
    for group, row in all_rows:
        own = sums.setdefault(group, [0.0] * len(grid))
        for i, line in enumerate(grid):
            own[i] += error(line, row)
    total = [sum(column) for column in zip(*sums.values())]
    return grid, sums, total


def shares(errors):
    errors = sorted(errors)
    return errors[len(errors) // 2], errors[int(0.9 * (len(errors) - 1))]


def told(what, judged):
    half, most = shares([error(line, row) for line, row in judged])
    booked = sum(tokens(line, row) for line, row in judged)
    charged = sum(row[2] for _, row in judged)
    print(f"  {what}: half within {half:.1f} %, nine of ten within {most:.1f} %, "
          f"the sum {100 * (booked / charged - 1):+.1f} %")


def lines_of_source():
    text = FAMILIES.read_text()
    seals = dict((name, (int(envelope), int(rate))) for name, envelope, rate in re.findall(
        r"SealedLine (\w+)_seal\{\.envelope_bytes = (\d+), \.per_mille = (\d+)\}", text))
    return {"openai": seals["openai"], "claude": seals["claude"],
            "claude-4.7": seals["claude_new"], "gemini": seals["gemini"], "grok": seals["grok"]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    families = {}
    for family, group, row in rows():
        families.setdefault(family, []).append((group, row))
    for family, own in families.items():
        print(f"{family}: {len(own)} answers in {len(set(group for group, _ in own))} groups")
        if check:
            line = lines_of_source()[family]
            told(f"line {line}", [(line, row) for _, row in own])
            continue
        grid, sums, total = errors_by_group(own)
        best = min(zip(total, grid))[1]
        told(f"fitted {best}", [(best, row) for _, row in own])
        without = {group: min(zip((t - s for t, s in zip(total, sums[group])), grid))[1]
                   for group in sums}
        told("without the group", [(without[group], row) for group, row in own])


if __name__ == "__main__":
    main()
