"""Runs the libFuzzer programs of a build folder, each from its corpus in the project.

`python3 tools/fuzz.py build/asan --seconds 10`: every program replays its corpus (corpus/<program>/
in its folder below tests/fuzz/), then looks for more during that time. What it finds stays in
build/fuzz/<program>/, so that the next run goes on from there; what breaks it, in
build/fuzz/<program>-*. Ends with `N passed, N failed`.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
INPUT_SECONDS_MAX = 10  # one input may take; a parser that needs longer can be made to hang
MEMORY_MIB_MAX = 2048


def main(arguments):
    options = parse(arguments)
    programs = find_programs(options.build, options.only)
    if not programs:
        print(f"No fuzz_* program in {options.build}; build it first.", file=sys.stderr)
        return 3
    workers = concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs)
    good = 0
    for outcome in workers.map(lambda program: run(program, options.seconds), programs):
        print(outcome.text, flush=True)
        good += outcome.passed
    print(f"{good} passed, {len(programs) - good} failed")
    return 0 if good == len(programs) else 1


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=Path, help="a build folder with sanitizers")
    parser.add_argument("--seconds", type=int, default=10, help="for each program")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="programs at once")
    parser.add_argument("--only", default="", help="programs whose name contains this")
    return parser.parse_args(arguments)


def find_programs(build, only=""):
    """Executables named fuzz_*, by name."""
    found = [
        path
        for path in build.rglob("fuzz_*")
        if path.is_file() and os.access(path, os.X_OK) and not path.suffix and only in path.name
    ]
    return sorted(found, key=lambda path: path.name)


def corpus_of(name, project=PROJECT):
    return sorted(path for path in (project / "tests").rglob(f"corpus/{name}") if path.is_dir())


class Outcome:
    def __init__(self, passed, text):
        self.passed = passed
        self.text = text


def run(program, seconds):
    began = time.monotonic()
    name = program.name
    work = PROJECT / "build" / "fuzz"
    learned = work / name
    learned.mkdir(parents=True, exist_ok=True)
    corpus = corpus_of(name)
    if not corpus:
        return Outcome(False, f"{name}: no corpus; put a few inputs into corpus/{name}/ beside it")
    limits = [f"-timeout={INPUT_SECONDS_MAX}", f"-rss_limit_mb={MEMORY_MIB_MAX}"]
    command = [str(program), *limits, f"-artifact_prefix={work}/{name}-", "-print_final_stats=1"]
    for part in (["-runs=0"], [f"-max_total_time={seconds}"]):
        process = subprocess.run(
            [*command, *part, str(learned), *map(str, corpus)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if process.returncode != 0:
            return Outcome(False, failure(program, process))
    inputs = sum(len(list(folder.iterdir())) for folder in corpus)
    tried = last(r"stat::number_of_executed_units:\s*(\d+)", process.stdout)
    covered = last(r"cov: (\d+)", process.stdout)
    took = time.monotonic() - began
    text = f"{name}: clean; {inputs} inputs, {tried} tried, {covered} edges, {took:.0f} s"
    return Outcome(True, text)


def last(pattern, text):
    found = re.findall(pattern, text)
    return found[-1] if found else "?"


def failure(program, process):
    name = program.name
    lines = process.stdout.splitlines()
    marks = [i for i, line in enumerate(lines) if "ERROR:" in line or "runtime error:" in line]
    begin = marks[0] if marks else max(0, len(lines) - 30)
    shown = "\n".join("    " + line for line in lines[begin : begin + 30])
    saved = last(r"Test unit written to (\S+)", process.stdout)
    again = f"{program} {saved}" if saved != "?" else str(program)
    return f"{name}: BROKEN (exit status {process.returncode})\n{shown}\n  run again: {again}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
