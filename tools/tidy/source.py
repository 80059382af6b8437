"""One file as the rules see it: its text, its code without comments and strings, its findings."""

import bisect
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str  # what, and what to do instead

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


# Numbers come first, so that the quote in 65'536 does not open a character.
_LEXEME = re.compile(
    r"""(?P<number>(?<!\w)\d(?:'?[\w.])*)
      | (?P<comment>//(?:[^\n\\]|\\.)*|/\*.*?\*/)
      | (?P<raw>R"(?P<fence>[^()\s\\]{0,16})\(.*?\)(?P=fence)")
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<char>'(?:[^'\\\n]|\\.)+')""",
    re.S | re.X,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.M | re.S)
_NOT_NEWLINE = re.compile(r"[^\n]")


def _blank(text):
    return _NOT_NEWLINE.sub(" ", text)


class Source:
    """`path` is relative to the project, with forward slashes."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()

    @property
    def name(self):
        return PurePosixPath(self.path).name

    @property
    def suffix(self):
        return PurePosixPath(self.path).suffix

    @property
    def is_cpp(self):
        return self.suffix in (".cpp", ".h")

    @property
    def is_header(self):
        return self.suffix == ".h"

    @property
    def is_test(self):
        """Tests, and what only tests use: x_test.cpp, test_x.h, src/room/testing/."""
        return (
            self.name.endswith("_test.cpp")
            or self.name.startswith("test_")
            or self.path.startswith("tests/")
            or "/testing/" in self.path
        )

    @property
    def room(self):
        """`net` for src/net/worker.h, `main` for src/main.cpp, None outside src/."""
        parts = self.path.split("/")
        if parts[0] != "src":
            return None
        return parts[1] if len(parts) > 2 else PurePosixPath(parts[1]).stem

    @cached_property
    def _starts(self):
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def line_of(self, offset):
        return bisect.bisect_right(self._starts, offset)

    @cached_property
    def _split(self):
        comments = []

        def keep_shape(match):
            text = match.group()
            if match.group("number"):
                return text
            if match.group("comment"):
                comments.append((match.start(), text))
                return _blank(text)
            return text[0] + _blank(text[1:-1]) + text[-1]

        return _LEXEME.sub(keep_shape, self.text), comments

    @property
    def code(self):
        """The text with comments and the insides of strings blanked; offsets stay the same."""
        return self._split[0]

    @property
    def comments(self):
        """(offset, text) of every comment."""
        if self.is_cpp:
            return self._split[1]
        if self.suffix == ".md":
            return []
        marks = []
        for number, line in enumerate(self.lines):
            at = line.find("#")
            if at >= 0:
                marks.append((self._starts[number] + at, line[at:]))
        return marks

    @cached_property
    def structure(self):
        """The code without preprocessor lines, whose braces need not match."""
        return _DIRECTIVE.sub(lambda match: _blank(match.group()), self.code)

    def finding(self, line, rule, text):
        return Finding(self.path, line, rule, text)

    def finding_at(self, offset, rule, text):
        return Finding(self.path, self.line_of(offset), rule, text)


def balanced_end(code, opener):
    """The offset of the bracket that closes the one at `opener`, or -1."""
    pairs = {"(": ")", "[": "]", "{": "}", "<": ">"}
    opens, closes = code[opener], pairs[code[opener]]
    depth = 0
    for match in re.compile(f"[{re.escape(opens + closes)}]").finditer(code, opener):
        depth += 1 if match.group() == opens else -1
        if depth == 0:
            return match.start()
    return -1
