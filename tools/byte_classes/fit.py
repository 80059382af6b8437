#!/usr/bin/env python3
"""Fits the weights of src/text/byte_weights_*.h, and writes them.

    tools/byte_classes/fit.py HOSTILE SHARED WORK ENCODING [--rounds N] [--climbs N]

HOSTILE is the program built from hostile.cpp beside this, SHARED the folder of the shared data,
WORK one for what is found, ENCODING o200k or cl100k. Wants NumPy and SciPy; nothing else of the
project does.

Two lines over pairs of byte classes. The expected one has the least absolute error over human text.
The upper one is as low over human text as it can be without passing below any text that is known:
human text, and what `hostile` found against earlier rounds. Rounds go on until it finds nothing.
"""

import argparse
import itertools
import json
import pathlib
import random
import subprocess
import sys

import numpy as np
import scipy.optimize
import scipy.sparse

from classes import CLASSES, NEWLINE, class_of

UNIT = 200  # of a token; weights are 0 to 255 of these
WEIGHT_MAX = 1.25
START = 1.0  # tokens that the upper line begins with
WINDOW_BYTES = 1500


def main():
    options = parse()
    options.work.mkdir(parents=True, exist_ok=True)
    human = windows(options.shared)
    tokens = count(options, human)
    rows = features(human)
    weight = np.array([1.0 / max(n, 8) for n in tokens])
    expected = fit_expected(rows, tokens, weight)
    hostile = known_hostile(options) + generated()
    upper = fit_upper(options, rows, tokens, weight, hostile)
    report(rows, tokens, expected, upper)
    path = options.work / f"{options.encoding}.json"
    path.write_text(json.dumps({"expected": expected.tolist(), "upper": upper.tolist()}))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("hostile", type=pathlib.Path)
    parser.add_argument("shared", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("encoding", choices=("o200k", "cl100k"))
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--climbs", type=int, default=1000, help="of each search, in each round")
    return parser.parse_args()


def windows(shared):
    """Texts of the token data; long ones in pieces."""
    out = []
    for name, member in (("texts", "text"), ("provider_counts", "text")):
        for line in (shared / "data/tokens" / f"{name}.jsonl").open():
            text = json.loads(line)[member]
            data = (text or "").encode("utf-8", "surrogatepass")
            while data:
                size = WINDOW_BYTES
                while size < len(data) and 0x80 <= data[size] < 0xC0:
                    size += 1
                out.append(data[:size])
                data = data[size:]
    return sorted(set(out))


def generated():
    """Hostile texts of the usual sorts, for a beginning."""
    chance = random.Random(1)
    alphabets = ["abcdefghijklmnopqrstuvwxyz", "etaoinshrdlu", "0123456789abcdef", "ACGT", "01",
                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " \n\t\r",
                 "".join(map(chr, range(32, 127)))]
    out = []
    for alphabet in alphabets:
        for _ in range(40):
            size = chance.choice((3, 8, 20, 60, 200))
            out.append("".join(chance.choices(alphabet, k=size)).encode())
    for a in range(256):
        for size in (5, 300):
            out.append(bytes([a]) * size)
    printable = range(32, 127)
    letters = range(ord("a"), ord("z") + 1)
    out += [bytes(pair) * 24 for pair in itertools.product(printable, printable)]
    out += [bytes(three) * 16 for three in itertools.product(letters, letters, letters)]
    printable = range(32, 127)
    letters = range(ord("a"), ord("z") + 1)
    out += [bytes(pair) * 24 for pair in itertools.product(printable, printable)]
    out += [bytes(three) * 16 for three in itertools.product(letters, letters, letters)]
    for _ in range(600):
        out.append(bytes(chance.randrange(256) for _ in range(60)))
        low = chance.choice((0x80, 0x400, 0x4E00, 0x900, 0x3040, 0xAC00, 0x1F300, 0x2000))
        out.append("".join(chr(low + chance.randrange(500)) for _ in range(30)).encode())
    return out


def features(texts):
    """A row for each text: how often each pair of classes stands in it."""
    indices, begins = [], [0]
    for text in texts:
        last = NEWLINE
        for byte in text:
            indices.append(last * CLASSES + class_of[byte])
            last = class_of[byte]
        begins.append(len(indices))
    matrix = scipy.sparse.csr_matrix((np.ones(len(indices)), indices, begins),
                                     shape=(len(texts), CLASSES * CLASSES))
    matrix.sum_duplicates()
    return matrix


def count(options, texts):
    lines = "".join(text.hex() + "\n" for text in texts)
    done = subprocess.run([options.hostile, "count", options.encoding], input=lines, text=True,
                          capture_output=True, check=True)
    return np.array([int(line) for line in done.stdout.split()], dtype=float)


def known_hostile(options):
    path = options.work / f"{options.encoding}.found"
    if not path.exists():
        return []
    return [bytes.fromhex(line) for line in path.read_text().split()]


def search(options, upper):
    """What the hostile program finds against these weights."""
    weights = options.work / f"{options.encoding}.weights"
    numbers = [class_of[byte] for byte in range(256)] + upper.tolist()
    weights.write_text("\n".join(map(str, numbers)))
    running = [subprocess.Popen([options.hostile, "search", options.encoding, weights,
                                 str(random.randrange(1 << 40)), str(options.climbs)],
                                stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = set()
    for process in running:
        for line in process.communicate()[0].splitlines():
            found.add(bytes.fromhex(line.split()[1]))
    return sorted(found)


def fit_upper(options, rows, tokens, weight, hostile):
    cost = np.asarray(rows.T @ weight).ravel()
    # A pair that nothing says anything about weighs a token.
    cost = cost / cost.max() - 1e-7
    bounds = [(0.0, WEIGHT_MAX) if c > 0 else (0.0, 1.0) for c in cost]
    for turn in range(options.rounds):
        hostile = sorted(set(hostile))
        hostile_tokens = count(options, hostile)
        matrix = scipy.sparse.vstack([rows, features(hostile)])
        needed = np.concatenate([tokens, hostile_tokens]) - START
        keep = needed > 0
        solved = scipy.optimize.linprog(cost, A_ub=-matrix[keep], b_ub=-needed[keep],
                                        bounds=bounds, method="highs-ipm")
        if solved.status != 0:
            sys.exit(f"no line: {solved.message}")
        upper = np.minimum(np.ceil(solved.x * UNIT - 1e-6), 255).astype(int)
        found = search(options, upper)
        ratio = (rows @ upper / UNIT + START) / np.maximum(tokens, 1)
        print(f"round {turn}: {len(hostile)} hostile, {len(found)} found; "
              f"median {np.median(ratio):.3f}", flush=True)
        with (options.work / f"{options.encoding}.found").open("a") as out:
            out.writelines(text.hex() + "\n" for text in found)
        if not found:
            break
        hostile += found
    return upper


def fit_expected(rows, tokens, weight):
    """Least sum of weighted absolute errors, drawn a little to the mean."""
    used = np.asarray(rows.sum(axis=0)).ravel() > 0
    columns = np.flatnonzero(used)
    matrix = rows[:, columns]
    n, k = matrix.shape
    identity = scipy.sparse.identity(n)
    a = scipy.sparse.vstack([scipy.sparse.hstack([matrix, -identity]),
                             scipy.sparse.hstack([-matrix, -identity])])
    b = np.concatenate([tokens, -tokens])
    cost = np.concatenate([np.full(k, 1e-3), weight])
    solved = scipy.optimize.linprog(cost, A_ub=a, b_ub=b, bounds=[(0, 1.2)] * k + [(0, None)] * n,
                                    method="highs-ipm")
    if solved.status != 0:
        sys.exit(f"no line: {solved.message}")
    expected = np.full(CLASSES * CLASSES, 0.5 * UNIT)
    expected[columns] = solved.x[:k] * UNIT
    return np.round(expected).astype(int)


def report(rows, tokens, expected, upper):
    big = tokens >= 30
    for name, weights in (("expected", expected), ("upper", upper)):
        ratio = (rows @ weights / UNIT)[big] / tokens[big]
        print(name, "over tokens: " + ", ".join(
            f"p{q} {np.percentile(ratio, q):.3f}" for q in (0, 1, 10, 50, 90, 99, 100)))


if __name__ == "__main__":
    main()
