"""Words the house does not use, each with what stands in its place and why."""

import re
from dataclasses import dataclass, field

_HOT_ROOMS = ("net", "relay", "codec", "ledger")
_MEASURING = ("tests/bench/", "tests/chaos/", "tests/fuzz/")


@dataclass(frozen=True)
class Ban:
    what: str  # as a reader knows it
    pattern: str
    instead: str
    rooms: tuple = ()  # only these rooms; empty: everywhere
    except_paths: tuple = ()  # beginnings of paths where it is at home
    tests: bool = True  # also in tests
    unless_after: str = r"(?!)"  # what may stand before it and make it right
    regex: re.Pattern = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "regex", re.compile(self.pattern))

    def concerns(self, source):
        if self.rooms and source.room not in self.rooms:
            return False
        if source.is_test and not self.tests:
            return False
        return not source.path.startswith(self.except_paths)


_CPP = (
    Ban(
        "detach",
        r"\.detach\s*\(\s*\)|\bdetached\b",
        "nobody would see it fail or wait for its end: spawn it in a TaskGroup, or join the thread",
    ),
    Ban(
        "the clock of the machine",
        r"\b(?:system_clock|steady_clock|high_resolution_clock)\s*::\s*now\b"
        r"|\b(?:clock_gettime|gettimeofday)\s*\("
        r"|(?<![\w.>:])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0)",
        "take a Clock or an Instant as an argument (core/time.h): a decision can then be replayed",
        except_paths=("src/main.cpp", "src/core/time.cpp", *_MEASURING),
    ),
    Ban(
        "the environment",
        r"\b(?:secure_)?getenv\s*\(",
        "main reads the environment and passes it in",
        except_paths=("src/main.cpp",),
        tests=False,
    ),
    Ban(
        "randomness of its own",
        r"\brandom_device\b|\bmt19937(?:_64)?\b|\bdefault_random_engine\b"
        r"|(?<![\w.>:])(?:std::)?s?rand\s*\(|\bdrand48\s*\(",
        "take a Random (core/ids.h) that main or a test has seeded",
        except_paths=("src/main.cpp", *_MEASURING),
    ),
    Ban(
        "new",
        r"(?<!operator )(?<!operator)\bnew\b(?=\s*[\w(:\[])",
        "use a value or std::make_unique (with a private constructor: the pointer's own "
        "parentheses, `std::unique_ptr<T>(new T(..))`): what is taken gives itself back",
        unless_after=r"_ptr<[^;{}()]*>\s*\w*\s*\(\s*\Z",
    ),
    Ban(
        "delete",
        r"(?<!operator )(?<!= )(?<!=)\bdelete\b(?:\s*\[\s*\])?(?=\s*[\w(*:])",
        "let an owner do it: a value, std::unique_ptr, or std::destroy_at",
    ),
    Ban(
        "malloc",
        r"\b(?:malloc|calloc|realloc|strdup|alloca)\s*\(",
        "use a container or a unique_ptr: what is taken gives itself back",
    ),
    Ban(
        "sleep",
        r"\bthis_thread\s*::\s*sleep_\w+|(?<![\w.>:])(?<!\w )(?:std::)?(?:u|nano)?sleep\s*\(",
        "await the event, or worker.sleep_until(); tests drive a VirtualClock",
        except_paths=_MEASURING,
    ),
    Ban(
        "std::function",
        r"\bstd\s*::\s*function\b",
        "it allocates on the path of a call: use a template, or a function pointer and its context",
        rooms=_HOT_ROOMS,
        tests=False,
    ),
    Ban(
        "std::regex",
        r"\bstd\s*::\s*w?regex\b",
        "write the scan by hand: it is slow, and hostile input overflows its stack",
    ),
    Ban(
        "printing",
        r"\bstd\s*::\s*(?:cout|cerr|clog)\b"
        r"|(?<![\w.>:])(?<!\w )(?:std::|fmt::)?(?:f?printf|f?puts|putchar|print|println)\s*\(",
        "use Log (core/log.h); only cli/ and main speak to the terminal",
        except_paths=("src/cli/", "src/main.cpp", "src/core/check.cpp", "tools/"),
        tests=False,
    ),
    Ban(
        "std::endl",
        r"\bstd\s*::\s*endl\b",
        "write '\\n'; the flush is a system call nobody asked for",
    ),
    Ban(
        "using namespace std",
        r"\busing\s+namespace\s+std\s*;",
        "write std::, so that a name says where it comes from",
    ),
    Ban(
        "#pragma region",
        r"#\s*pragma\s+(?:end)?region\b",
        "a file that needs folding needs splitting",
    ),
    Ban(
        "a shared_ptr to something that changes",
        r"\bshared_ptr\s*<(?!\s*(?:const|T)\b)",
        "one owner: a value or unique_ptr; shared_ptr<const T> is for what nobody can change",
        tests=False,
    ),
    Ban(
        "a number reader that throws or heeds the locale",
        r"\b(?:std::)?(?:sto(?:i|l|ul|ll|ull|f|d|ld)|ato(?:i|l|ll|f)|strto\w+|s?scanf)\s*\(",
        "use std::from_chars and look at what it returns",
        tests=False,
    ),
    Ban(
        "an unbounded C string call",
        r"\b(?:strcpy|strcat|v?sprintf|gets|tmpnam|mktemp)\s*\(",
        "use std::string or fmt::format_to_n",
    ),
    Ban(
        "a C call with hidden state",
        r"(?<![\w.>])(?:std::)?(?:localtime|gmtime|ctime|asctime|strtok|setlocale)\s*\(",
        "it is shared by all threads: use the _r form, or std::generic_category().message()",
    ),
    Ban(
        "assert",
        r"\bassert\s*\(",
        "use CHECK (core/check.h): it stays in release",
    ),
    Ban(
        "throw",
        r"(?<![\w])throw\b\s*[\w:(;]",
        "errors the world can cause are values: return fail(...) (core/result.h)",
        tests=False,
    ),
    Ban(
        "std::async",
        r"\bstd\s*::\s*async\b",
        "its future joins in a destructor: use a TaskGroup, or a std::jthread with a name",
    ),
)

_HEADERS = (
    Ban(
        "using namespace",
        r"(?m)^using\s+namespace\s+(?![\w:]*literals\s*;)",
        "a header must not open a namespace for all who read it; write the name",
    ),
)

_PYTHON = (
    Ban(
        "sleep",
        r"\btime\.sleep\s*\(",
        "wait for the event: a line of output, a connection, the end of a process",
        except_paths=_MEASURING,
    ),
)

_UPSTREAM = re.compile(r"\b(?:up|down)streams?\b", re.I)
_LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b(?!\(\w[\w.-]*\))")
_HOME = re.compile(r"(?<![\w.])/(?:home|Users|work)/\w+")


def banned(source):
    if source.is_cpp:
        text, bans = source.code, _CPP + (_HEADERS if source.is_header else ())
    elif source.suffix == ".py":
        text, bans = source.text, _PYTHON
    else:
        return
    for ban in bans:
        if not ban.concerns(source):
            continue
        for match in ban.regex.finditer(text):
            if re.search(ban.unless_after, text[max(0, match.start() - 200) : match.start()]):
                continue
            yield source.finding_at(match.start(), "banned", f"{ban.what}: {ban.instead}")


def words(source):
    """client and provider are the two ends of a call; `upstream` means either, so neither."""
    if not source.is_cpp or not source.path.startswith("src/"):
        return
    for match in _UPSTREAM.finditer(source.text):
        what = f"{match.group()}: say provider or client: a reader then knows which end is meant"
        yield source.finding_at(match.start(), "words", what)


def left_overs(source):
    for at, text in source.comments:
        for match in _LEFT_OVER.finditer(text):
            yield source.finding_at(
                at + match.start(),
                "left-over",
                f"{match.group()} without a name; finish it, or write {match.group()}(name)",
            )


def machine_paths(source):
    for match in _HOME.finditer(source.text):
        what = f"{match.group()} is a path of one machine; make it relative or an argument"
        yield source.finding_at(match.start(), "machine-path", what)
