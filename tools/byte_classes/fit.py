#!/usr/bin/env python3
"""Fits the weights of src/text/byte_weights.h; write.py beside it writes them down.

    tools/byte_classes/fit.py ENCODE_TEXTS SHARED WORK ENCODING [--catalogues FOLDER] [--check]

ENCODE_TEXTS is the program of tests/tokens/original, SHARED the folder of the shared data, WORK one
for the result, ENCODING o200k or cl100k, FOLDER holds gettext catalogues of many languages
(/usr/share/locale). Wants NumPy and SciPy; nothing else of the project does.

Two lines over pairs of byte classes. The expected one has the least absolute error over people's
texts. The upper one is as low over them as it can be while about one text in a thousand passes it,
of people's and of texts by chance. --check fits to four fifths of the groups of texts and tells how
the line holds over the rest, five times over.
"""

import argparse
import json
import pathlib
import random
import struct
import subprocess

import numpy as np
import scipy.sparse

import corpus
from classes import CLASSES, NEWLINE, class_of

UNIT = 200  # of a token; weights are 0 to 255 of these
WEIGHT_MAX = 255 / UNIT
START = 3.0  # tokens that the upper line begins with
MARGIN = 1.17  # that it keeps, for texts that are none of those it was fitted to
MISS_COST = 300.0  # of a token too few, in tokens too many
PULL = 1e-4  # towards what the pair weighs by its coarse classes
PRIOR = 1.25  # times which it is a pair's weight before anything is known of it
SHARES = {"tokens": 0.5, "other": 0.25, "catalogues": 0.25, "random": 1.0}
STEPS = 1000
FOLDS = 5


def main():
    options = parse()
    options.work.mkdir(parents=True, exist_ok=True)
    texts = corpus.people(options.shared, options.catalogues)
    texts += corpus.random_texts(1, 24000)
    rows, tokens = features(texts), count(options, texts)
    if options.check:
        check(options, texts, rows, tokens)
        return
    every = np.ones(len(texts), dtype=bool)
    upper = fit_upper(rows, tokens, weights_of(texts, every))
    expected = fit_expected(rows, tokens, texts)
    tell("expected", texts, tokens, rows @ expected / UNIT, every)
    tell("upper", texts, tokens, rows @ upper / UNIT + START, every)
    path = options.work / f"{options.encoding}.json"
    path.write_text(json.dumps({"expected": expected.tolist(), "upper": upper.tolist()}))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("encode_texts", type=pathlib.Path)
    parser.add_argument("shared", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("encoding", choices=("o200k", "cl100k"))
    parser.add_argument("--catalogues", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def features(texts):
    """A row for each text: how often each pair of classes stands in it."""
    table = np.array(class_of)
    lengths = np.array([len(text.data) for text in texts])
    begins = np.concatenate([[0], np.cumsum(lengths)])
    classes = table[np.frombuffer(b"".join(text.data for text in texts), np.uint8)]
    before = np.concatenate([[NEWLINE], classes[:-1]])
    before[begins[:-1]] = NEWLINE
    matrix = scipy.sparse.csr_matrix((np.ones(len(classes)), before * CLASSES + classes, begins),
                                     shape=(len(texts), CLASSES * CLASSES))
    matrix.sum_duplicates()
    return matrix


def count(options, texts):
    told = b"".join(struct.pack("<I", len(text.data)) + text.data for text in texts)
    done = subprocess.run([options.encode_texts, options.encoding], input=told,
                          capture_output=True, check=True)
    return np.array([line.count(b",") + 1 for line in done.stdout.splitlines()], dtype=float)


def weights_of(texts, used):
    """How much each text matters: sources by their shares, texts of a source alike."""
    of_source = {}
    for text, use in zip(texts, used):
        of_source[text.source] = of_source.get(text.source, 0) + bool(use)
    return np.array([SHARES[text.source] / of_source[text.source] if use else 0.0
                     for text, use in zip(texts, used)]), [t.source == "random" for t in texts]


def fit_upper(rows, tokens, weighed):
    """Costs of what is too much, by people's texts, and of what is too little, by all."""
    weight, by_chance = weighed
    scale = np.maximum(tokens, 4)
    over = np.where(by_chance, 0.0, weight) / scale
    under = MISS_COST * weight / scale

    def slope(sums):
        return over - np.where(sums + START < tokens * MARGIN, under, 0)

    coarse = coarse_pairs()
    start = descend(rows @ coarse, slope, np.full(coarse.shape[1], 0.5), 0)
    prior = np.minimum(coarse @ start * PRIOR, WEIGHT_MAX)
    seen = np.asarray(rows.T @ (weight > 0)).ravel() > 0
    prior[~seen] = np.maximum(prior[~seen], 0.9)
    return np.minimum(np.ceil(descend(rows, slope, prior, PULL) * UNIT - 1e-6), 255).astype(int)


def fit_expected(rows, tokens, texts):
    weight, by_chance = weights_of(texts, np.ones(len(texts), dtype=bool))
    weight = np.where(by_chance, 0.02, 1.0) * weight / np.maximum(tokens, 8)

    def slope(sums):
        return weight * np.sign(sums - tokens)

    fitted = descend(rows, slope, np.full(CLASSES * CLASSES, 0.4), 1e-6)
    return np.round(fitted * UNIT).astype(int)


def descend(rows, slope, start, pull):
    """Adam with steps that grow smaller; weights stay within what a byte can hold."""
    turned = rows.T.tocsr()
    weights, first, second = start.copy(), np.zeros(len(start)), np.zeros(len(start))
    for step in range(1, STEPS + 1):
        gradient = turned @ slope(rows @ weights) + pull * (weights - start)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient * gradient
        rate = 0.02 * (0.5 * (1 + np.cos(np.pi * step / STEPS)) + 0.01)
        weights -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-12)
        np.clip(weights, 0, WEIGHT_MAX, out=weights)
    return weights


def coarse_pairs():
    """Which coarse pair each pair of classes belongs to."""
    group = np.zeros(CLASSES, dtype=int)
    for byte in range(256):
        group[class_of[byte]] = coarse_of(byte)
    coarse = max(group) + 1
    column = (group[:, None] * coarse + group[None, :]).ravel()
    return scipy.sparse.csr_matrix((np.ones(len(column)), (np.arange(len(column)), column)),
                                   shape=(len(column), coarse * coarse))


def coarse_of(byte):
    if byte < 128:
        sorts = (chr(byte).islower(), chr(byte).isupper(), chr(byte).isdigit(), byte == 32,
                 byte == 10, byte in (9, 13), byte < 32 or byte == 127)
        return sorts.index(True) if True in sorts else len(sorts)
    return 8 + sum(byte >= low for low in (0xC0, 0xE0, 0xF0))


def check(options, texts, rows, tokens):
    groups = sorted({text.group for text in texts if text.source != "random"})
    chance = random.Random(3)
    fold = {group: chance.randrange(FOLDS) for group in groups}
    folds = np.array([fold.get(text.group, -1) for text in texts])
    bound = np.zeros(len(texts))
    fresh = list(corpus.random_texts(2, 20000))
    fresh_rows, fresh_tokens = features(fresh), count(options, fresh)
    for turn in range(FOLDS):
        upper = fit_upper(rows, tokens, weights_of(texts, folds != turn))
        held = folds == turn
        bound[held] = (rows @ upper / UNIT + START)[held]
        tell(f"by chance, {turn}", fresh, fresh_tokens, fresh_rows @ upper / UNIT + START,
             np.ones(len(fresh), dtype=bool))
    tell("held out", texts, tokens, bound, folds >= 0)


def tell(name, texts, tokens, bound, used):
    bound = np.minimum(bound, [len(text.data) for text in texts])
    by_kind = {}
    for i in np.flatnonzero(used):
        text = texts[i]
        for kind in (text.source, f"{text.source}: {text.kind}"):
            by_kind.setdefault(kind, []).append(i)
    for kind in sorted(by_kind, key=lambda kind: (":" in kind, kind)):
        of = np.array(by_kind[kind])
        missed = of[bound[of] < tokens[of] - 1e-6]
        big = of[tokens[of] >= 30]
        ratio = bound[big] / tokens[big] if len(big) else np.array([np.nan])
        print(f"{name}: {kind:44} n {len(of):5} below {len(missed):4}  over the count: mean "
              f"{ratio.mean():.2f} p10 {np.quantile(ratio, 0.1):.2f} "
              f"median {np.median(ratio):.2f} p90 {np.quantile(ratio, 0.9):.2f}", flush=True)


if __name__ == "__main__":
    main()
