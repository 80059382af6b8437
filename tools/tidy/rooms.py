"""What the build allows: rooms and their links, read from CMakeLists.txt and ARCHITECTURE.md.

There is one truth each: the order of the rooms is the table of ARCHITECTURE.md section 2, the links
are the `recloser_room` lines of CMakeLists.txt. Nothing here repeats either.
"""

import fnmatch
import re
from pathlib import PurePosixPath

from source import Finding

# The simulated provider is also the truth the books are checked against: it may share the bytes
# with the gateway, never its decisions (ARCHITECTURE.md section 2).
SIM_LINKS = ("core", "codec", "text", "net")

# Headers of a library, the target of CMake that brings it, and where they may be seen.
_LIBRARIES = (
    (r"fmt/", "fmt::fmt"),
    (r"yaml-cpp/", "yaml-cpp"),
    (r"sqlite3\.h", "SQLite::SQLite3"),
    (r"boost/json", "Boost::json"),
    (r"ares(_\w+)?\.h", "PkgConfig::cares"),
    (r"openssl/", "OpenSSL::"),
)
_SOCKET = re.compile(
    r"(?:sys/(?:socket|epoll|eventfd|un)|netinet/\w+|arpa/\w+|netdb|ares(?:_\w+)?"
    r"|openssl/(?:ssl|tls1|bio))\.h\Z"
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)
_ROOM = re.compile(r"^recloser_room\(\s*(\w+)\s+(?:LINKS\s+)?([^)]*)\)", re.M)
_ROW = re.compile(r"^\|((?:\s*`[\w.]+/?`,?)+)\s*\|", re.M)


class Rooms:
    def __init__(self, cmake_text, architecture_text):
        self.links = {}  # room -> the names its LINKS lists
        self.lines = {}  # room -> its line in CMakeLists.txt
        for match in _ROOM.finditer(cmake_text):
            self.links[match.group(1)] = match.group(2).split()
            self.lines[match.group(1)] = cmake_text.count("\n", 0, match.start()) + 1
        self.order = []
        for match in _ROW.finditer(architecture_text):
            self.order += re.findall(r"`(\w+)/`", match.group(1))

    def reachable(self, room):
        """Every name that linking `room` brings, itself included."""
        seen, waiting = set(), [room]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += self.links.get(name, [])
        return seen

    def findings(self):
        """Links that go uphill, and rooms the architecture does not name."""
        for room, links in self.links.items():
            line = self.lines[room]
            if room not in self.order:
                yield Finding(
                    "CMakeLists.txt",
                    line,
                    "rooms",
                    f"{room} has no row in the table of ARCHITECTURE.md section 2; give it one",
                )
                continue
            for link in links:
                yield from self._link_findings(room, link, line)

    def _link_findings(self, room, link, line):
        if link in self.order and self.order.index(link) > self.order.index(room):
            what = f"{room} links {link}, which stands below it; move the shared part uphill"
            yield Finding("CMakeLists.txt", line, "rooms", what)
        if room == "sim" and link in self.order and link not in SIM_LINKS:
            allowed = ", ".join(SIM_LINKS)
            what = f"sim links {link}; it may share only {allowed} with the gateway it checks"
            yield Finding("CMakeLists.txt", line, "rooms", what)


class Includes:
    """Who includes whom, by path below src/."""

    def __init__(self, sources):
        cpp = [source for source in sources if source.is_cpp]
        self.paths = {s.path.removeprefix("src/") for s in cpp if s.path.startswith("src/")}
        self.includers = {}  # included path -> the sources that include it
        for source in cpp:
            for match in _INCLUDE.finditer(source.text):
                if match.group(1):
                    self.includers.setdefault(match.group(1), []).append(source)

    def is_private(self, header, asked=()):
        """Whether only .cpp files of the header's own room ever see it."""
        for includer in self.includers.get(header.path.removeprefix("src/"), []):
            if includer.room != header.room or includer.path in asked:
                return False
            if includer.is_header and not self.is_private(includer, (*asked, header.path)):
                return False
        return True


def includes(source, rooms, included):
    """Includes go downhill, and libraries stay in the .cpp files of the room that links them."""
    if not source.is_cpp:
        return
    for match in _INCLUDE.finditer(source.text):
        ours, theirs = match.groups()
        if ours:
            yield from _own_include(source, match.start(), ours, rooms, included.paths)
        elif source.room:
            hidden = not source.is_header or included.is_private(source)
            yield from _library_include(source, match.start(), theirs, rooms, hidden)


def _own_include(source, at, path, rooms, known_paths):
    if path not in known_paths:
        if source.path.startswith("tests/") and not path.startswith("../"):
            return  # a header of the test's own folder
        what = f'"{path}" is no file below src/; write it as "room/file.h"'
        yield source.finding_at(at, "include", what)
        return
    here, there = source.room, path.split("/")[0]
    if here is None or here == "main" or here not in rooms.links or there == here:
        return
    if there not in rooms.reachable(here):
        yield source.finding_at(
            at,
            "downhill",
            f"{here} does not link {there}; include only rooms of its recloser_room(... LINKS) "
            "line in CMakeLists.txt, or move the shared part uphill",
        )


def _library_include(source, at, path, rooms, hidden):
    room = source.room
    if _SOCKET.match(path):
        test_above_net = source.is_test and "net" in rooms.reachable(room)
        if not hidden or not (room == "net" or test_above_net):
            what = f"<{path}> is a socket or TLS header; only the .cpp files of net/ see those"
            yield source.finding_at(at, "sockets", what)
            return
    for pattern, target in _LIBRARIES:
        if source.is_test or not re.match(pattern, path):
            continue
        if not hidden and target != "fmt::fmt":
            what = f"<{path}> in a header costs every reader of it; keep it to the .cpp files"
            yield source.finding_at(at, "library", what)
        elif room in rooms.links and not _links_library(room, target, rooms):
            what = f"{room} does not link {target}; use the room that wraps it"
            yield source.finding_at(at, "library", what)


def _links_library(room, target, rooms):
    links = rooms.reachable(room) if target == "fmt::fmt" else rooms.links[room]
    return any(link.startswith(target) for link in links)


def unreachable(sources, rooms, included, cmake_texts):
    """A .cpp that no target builds and a header that no file includes are dead.

    `cmake_texts`: path -> text of every CMakeLists.txt.
    """
    for source in sources:
        if source.suffix == ".cpp" and not _is_built(source, rooms, cmake_texts):
            what = "no target builds this file; name it in a CMakeLists.txt or remove it"
            yield source.finding(1, "unreachable", what)
        below_src = source.path.removeprefix("src/")
        if source.is_header and source.room and below_src not in included.includers:
            what = "no file includes this header; use it or remove it"
            yield source.finding(1, "unreachable", what)


def _is_built(source, rooms, cmake_texts):
    if source.room:
        return source.room in rooms.links or source.path == "src/main.cpp"
    path = PurePosixPath(source.path)
    for folder in path.parents:
        text = cmake_texts.get(f"{folder}/CMakeLists.txt")
        if text is None:
            continue
        relative = str(path.relative_to(folder))
        for word in re.findall(r"[\w./*?${}-]+\.cpp", text):
            word = re.sub(r"\$\{CMAKE_CURRENT_(?:SOURCE|LIST)_DIR\}/", "", word)
            if fnmatch.fnmatch(relative, re.sub(r"\$\{\w+\}", "*", word)):
                return True
    return False
