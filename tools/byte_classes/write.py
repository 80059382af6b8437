#!/usr/bin/env python3
"""Writes src/text/byte_weights.h from what fit.py left in WORK.

    tools/byte_classes/write.py WORK > src/text/byte_weights.h
"""

import json
import pathlib
import sys

from classes import CLASSES, class_of
from fit import START, UNIT

HEAD = """\
// The classes of bytes, and the weights of pairs of them, for the two encodings.
//
// Written by tools/byte_classes/write.py. Fitted by fit.py beside it to 39,142 texts, with the
// tokens that the encodings make of them: those of the shared token data (texts.jsonl and
// provider_counts.jsonl; sources and licences: its README.md), strings of the other shared data,
// translations of Debian 12's programs (gettext catalogues), and texts made by chance (corpus.py).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace recloser::text::byte_weights {

inline constexpr std::size_t classes = %d;
inline constexpr std::uint64_t units_per_token = %d;
inline constexpr std::uint64_t begin_tokens_max = %d;  // of each text, in the line of at most

// clang-format off

// In hexadecimal: the class of each byte.
"""

TAIL = """
// clang-format on

}  // namespace recloser::text::byte_weights
"""


def table(name, numbers):
    lines = [numbers[i : i + 32] for i in range(0, len(numbers), 32)]
    rows = "\n".join('    "' + "".join(f"{n:02x}" for n in line) + '"' for line in lines)
    return f"inline constexpr std::string_view {name} =\n{rows};\n"


def main():
    work = pathlib.Path(sys.argv[1])
    out = HEAD % (CLASSES, UNIT, START) + table("class_of", class_of)
    out += "\n// Weights: a row for each class of the first of two bytes.\n"
    for encoding in ("o200k", "cl100k"):
        fitted = json.loads((work / f"{encoding}.json").read_text())
        out += table(f"{encoding}_about", fitted["expected"])
        out += table(f"{encoding}_max", fitted["upper"])
    sys.stdout.write(out + TAIL)


if __name__ == "__main__":
    main()
