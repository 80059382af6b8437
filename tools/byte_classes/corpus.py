"""The texts that fit.py fits byte classes to, and checks them with."""

import gettext
import json
import random
from typing import NamedTuple

WINDOW_BYTES = 3000  # longer texts are cut into such
STRINGS_OF_FILE = 1500
OTHER_DATA = ("routing/tables", "loops/runs", "injection/prompts", "pii/sentences",
              "traces/conversations", "secrets/lines", "cache/pairs")
CATALOGUE_TEXTS = 24  # of each language
CATALOGUE_TEXT_BYTES = 1500


class Text(NamedTuple):
    source: str  # tokens, other, catalogues, random
    kind: str
    group: str  # texts of one group are never fitted to and checked with
    data: bytes


def people(shared, catalogues):
    out = list(token_data(shared))
    chance = random.Random(7)
    for name in OTHER_DATA:
        out += strings_of(shared / "data" / f"{name}.jsonl", name, chance)
    if catalogues:
        out += translations(catalogues, chance)
    return [text for text in out if text.data]


def windows(text, size):
    data = text.encode("utf-8", "surrogatepass")
    while data:
        end = size
        while end < len(data) and 0x80 <= data[end] < 0xC0:
            end += 1
        yield data[:end]
        data = data[end:]


def token_data(shared):
    for line in (shared / "data/tokens/texts.jsonl").open():
        row = json.loads(line)
        for data in windows(row["text"], WINDOW_BYTES):
            yield Text("tokens", f"{row['kind']} {row['lang']}", row["group"], data)
    for line in (shared / "data/tokens/provider_counts.jsonl").open():
        row = json.loads(line)
        for data in windows(row["text"] or "", WINDOW_BYTES):
            yield Text("tokens", "answers", row["group"], data)


def strings_of(path, kind, chance):
    found = []
    for line in path.open():
        row = json.loads(line)
        strings = []
        gather(row, strings)
        found += [(str(row.get("group")), string) for string in strings[:40]]
    chance.shuffle(found)
    seen = set()
    for group, string in found:
        if string in seen:
            continue
        seen.add(string)
        data = next(windows(string, chance.choice((150, 600, 2000))))
        yield Text("other", kind, group, data)
        if len(seen) == STRINGS_OF_FILE:
            return


def gather(value, out):
    if isinstance(value, str):
        if len(value) >= 20:
            out.append(value)
    elif isinstance(value, list):
        for each in value:
            gather(each, out)
    elif isinstance(value, dict):
        for each in value.values():
            gather(each, out)


def translations(folder, chance):
    """Of gettext catalogues below FOLDER/LANGUAGE; a program's are one group in all languages."""
    for language in sorted(folder.iterdir()):
        files = sorted(language.glob("LC_MESSAGES/*.mo"))
        chance.shuffle(files)
        texts = []
        for file in files[:12]:
            texts += list(texts_of(file, language.name))
        chance.shuffle(texts)
        yield from texts[:CATALOGUE_TEXTS]


def texts_of(file, language):
    try:
        with file.open("rb") as opened:
            catalogue = gettext.GNUTranslations(opened)._catalog
    except (OSError, UnicodeDecodeError, ValueError, IndexError):  # odd headers
        return
    said = [text for key, text in catalogue.items()
            if key and isinstance(text, str) and len(text) > 30]
    for i in range(0, min(len(said), 32), 8):
        data = next(windows("\n".join(said[i : i + 8]), CATALOGUE_TEXT_BYTES))
        yield Text("catalogues", language, file.stem, data)


LOWER = "abcdefghijklmnopqrstuvwxyz"
ALPHABETS = {
    "letters": LOWER, "common letters": "etaoinshr", "vowels": "aeiou", "capitals": LOWER.upper(),
    "aA": "aA", "01": "01", "digits": "0123456789", "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF", "ACGT": "ACGT", "acgt": "acgt", "lines": " \n", "space": " \t\r\n",
    "brackets": "()[]{}", "json": "{}:,\" ", "rules": "-=_*#", "'st": "'st ", "a ": "a ",
    "x1": "x1", "rare letters": "qzxj ", "base64": LOWER + LOWER.upper() + "0123456789+/",
    "printable": "".join(map(chr, range(32, 127))), "both cases": LOWER + LOWER.upper(),
    "symbols": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "spaced": LOWER + "     ",
    "common, spaced": "etaoinshrdlu   ", "base36": LOWER + "0123456789",
    "numbers": "0123456789 .,-", "latin1": "".join(map(chr, range(0xA0, 0x100))),
    "emoji": "".join(map(chr, range(0x1F300, 0x1F650))), "control": "".join(map(chr, range(32))),
}
SCRIPTS = (0x80, 0x100, 0x370, 0x400, 0x530, 0x590, 0x600, 0x700, 0x900, 0xA00, 0xB80, 0xE00,
           0x10A0, 0x1200, 0x1780, 0x1E00, 0x2000, 0x2190, 0x2500, 0x2600, 0x3040, 0x3400, 0x4E00,
           0x6000, 0x8000, 0xA000, 0xAC00, 0xC000, 0xF900, 0xFF00, 0x10000, 0x12000, 0x1D400,
           0x1F300, 0x1F600, 0x20000, 0xE0000)


def random_texts(seed, count):
    """What no person writes: characters by chance, of many sorts and lengths."""
    chance = random.Random(seed)
    makers = (of_alphabet,) * 11 + (of_few, of_few, of_words, of_bytes, of_one) + (of_script,) * 4
    for _ in range(count):
        size = chance.choice((2, 5, 12, 30, 80, 200, 600, 1500))
        kind, data = chance.choice(makers)(chance, size)
        yield Text("random", kind, str(seed), data)


def of_alphabet(chance, size):
    name = chance.choice(sorted(ALPHABETS))
    return name, "".join(chance.choices(ALPHABETS[name], k=size)).encode()


def of_few(chance, size):
    few = chance.sample(range(32, 127), chance.randrange(1, 8))
    return "few characters", bytes(chance.choices(few, k=size))


def of_words(chance, size):
    letters = ALPHABETS[chance.choice(("letters", "common letters", "capitals", "both cases"))]
    words = ("".join(chance.choices(letters, k=chance.randrange(1, 9)))
             for _ in range(size // 5 + 1))
    return "words", " ".join(words).encode()


def of_bytes(chance, size):
    return "bytes", bytes(chance.randrange(256) for _ in range(size))


def of_one(chance, size):
    return "one byte", bytes([chance.randrange(256)]) * size


def of_script(chance, size):
    low = chance.choice(SCRIPTS)
    span = chance.choice((20, 100, 500))
    text = "".join(chr(low + chance.randrange(span)) + " " * (chance.random() < 0.12)
                   for _ in range(size // 3 + 1))
    return f"script {low:x}", text.encode("utf-8", "surrogatepass")
