"""The classes of bytes that src/text/byte_classes.h counts pairs of."""

CLASSES = 64
NEWLINE = 2

_GROUPS = [
    "",  # other control characters
    "\t\r", "\n", " ", "0123456789",
    *"abcdefghi", "jq", *"klmnop", *"rstuvw", "xz", "y",
    "AEIOU", "CDHLMNPRST", "BFGJKQVWXYZ",
    "-", "=*", *"_./\",",
    "([{<", ")]}>", "'`", ":;", "!#$%&+?@\\^|~",
]
_RANGES = [
    range(0x80, 0x90), range(0x90, 0xA0), range(0xA0, 0xA8), range(0xA8, 0xB0), range(0xB0, 0xB8),
    range(0xB8, 0xC0),
    range(0xC2, 0xC4), range(0xC4, 0xCE), range(0xCE, 0xD0), range(0xD0, 0xD2), range(0xD8, 0xDC),
    [*range(0xD2, 0xD8), *range(0xDC, 0xE0)],
    range(0xE0, 0xE1), range(0xE1, 0xE2), range(0xE2, 0xE3), range(0xE3, 0xE4), range(0xE4, 0xEA),
    range(0xEA, 0xEE), range(0xF0, 0xF5), [0xC0, 0xC1, *range(0xEE, 0xF0), *range(0xF5, 0x100)],
]


def _classes():
    out = [0] * 256
    for number, group in enumerate(_GROUPS):
        for character in group:
            out[ord(character)] = number
    for number, group in enumerate(_RANGES, len(_GROUPS)):
        for byte in group:
            out[byte] = number
    assert len(_GROUPS) + len(_RANGES) <= CLASSES, len(_GROUPS) + len(_RANGES)
    return out


class_of = _classes()
