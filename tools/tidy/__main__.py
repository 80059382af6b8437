"""tidy: a test over the source text. `python3 tools/tidy [path...]` from the root of the project.

Prints `file:line: rule: what, and what to do instead`, and exits 1 if there is anything to say.
With paths, only findings in those files or folders are printed. The rules are functions: layout.py
(sizes, openings), rooms.py (includes, targets), banned.py (words), awaits.py (coroutines),
documents.py (links), allow.py (exceptions).
"""

import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import allow
import awaits
import banned
import documents
import layout
from rooms import Includes, Rooms, includes, unreachable
from source import Source

PROJECT = Path(__file__).resolve().parents[2]

_SUFFIXES = {".cpp", ".h", ".py", ".sh", ".cmake", ".txt", ".md", ".mjs", ".yaml", ".wire"}
_NAMES = {"run", "test"}
_TREES = ("src/", "tests/", "tools/", "cmake/", "docs/", "config/", ".ci/")

# Every rule that looks at one file alone.
_RULES = {
    "columns": layout.columns,
    "white-space": layout.white_space,
    "file-length": layout.file_length,
    "function-length": layout.function_length,
    "header": layout.header_opening,
    "title": layout.markdown_title,
    "await": awaits.awaits,
    "lambda-coroutine": awaits.capturing_coroutines,
    "banned": banned.banned,
    "words": banned.words,
    "left-over": banned.left_overs,
    "machine-path": banned.machine_paths,
}
# Rules that need more than one file: their names, for exceptions.
_PROJECT_RULES = {"include", "downhill", "sockets", "library", "link", "rooms", "unreachable"}


def main(arguments):
    began = time.monotonic()
    findings, lines = check(PROJECT, tracked_files(PROJECT))
    wanted = [PurePosixPath(argument) for argument in arguments]
    if wanted:
        findings = [f for f in findings if _inside(PurePosixPath(f.path), wanted)]
    for finding in sorted(findings):
        print(finding)
    seconds = time.monotonic() - began
    print(f"tidy: {lines} lines, {len(findings)} findings, {seconds:.1f} s", file=sys.stderr)
    return 1 if findings else 0


def _inside(path, wanted):
    return any(path == one or one in path.parents for one in wanted)


def tracked_files(project):
    """What git tracks or would track: a file nobody added yet is checked as well."""
    listing = subprocess.run(
        ["git", "-C", str(project), "ls-files", "-co", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted(p for p in listing.stdout.split("\0") if p and (project / p).is_file())


def is_checked(path):
    if "/" in path and not path.startswith(_TREES):
        return False
    pure = PurePosixPath(path)
    if "corpus" in pure.parts:  # hostile bytes are their business
        return False
    return pure.suffix in _SUFFIXES or pure.name in _NAMES


def check(project, paths):
    """(findings, lines read) of the whole project."""
    rooms = Rooms(_read(project / "CMakeLists.txt"), _read(project / "ARCHITECTURE.md"))
    sources = [Source(path, _read(project / path)) for path in paths if is_checked(path)]
    included = Includes(sources)
    everything = set(paths) | {str(p) for path in paths for p in PurePosixPath(path).parents}
    findings = list(rooms.findings())
    for source in sources:
        mine = [finding for rule in _RULES.values() for finding in rule(source)]
        mine += includes(source, rooms, included)
        mine += documents.links(source, everything, lambda path: _read(project / path))
        findings += allow.apply(source, mine, _RULES.keys() | _PROJECT_RULES)
    cmake_texts = {p: _read(project / p) for p in paths if p.endswith("CMakeLists.txt")}
    findings += unreachable(sources, rooms, included, cmake_texts)
    return findings, sum(len(source.lines) for source in sources)


def _read(path):
    return path.read_text(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
