"""Costs that noise does not touch: instructions (callgrind), system calls (strace, perf)."""

import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from driver import loads, processes, readings

# The two lengths whose difference is divided: what a run costs besides its calls falls out.
REQUESTS_SHORT, REQUESTS_LONG = 500, 2500
CHUNKS_SHORT, CHUNKS_LONG = 200, 1000
CHUNK_INTERVAL_US = 5000
TOOL_SECONDS_MAX = 20
# Chunks that meet on their way are carried for the price of one. With more of them than this share
# a figure per chunk is too low to be believed, and is measured again.
MET_SHARE_MAX = 0.02
ATTEMPTS_MAX = 8  # a busy moment of the machine passes


def instructions(subject, tools, folder, core):
    """{"request", "chunk", "chunk_usage"} -> (instructions, those of the busiest thread)."""
    out = pathlib.Path(folder).resolve() / "callgrind" / subject.name
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    wrap = ["valgrind", "--tool=callgrind", "--separate-threads=yes",
            f"--callgrind-out-file={out}/part"]
    with subject.start(folder, tools.provider_port, core=core, urgent=tools.urgent,
                       wrap=wrap) as running:
        part = Parts(running, out)

        def difference(short, long, units):
            def attempt():
                tools.run(running.port, short)  # fills caches and free lists
                part.cost()
                totals = [tools.run(running.port, short)]
                less = part.cost()
                totals.append(tools.run(running.port, long))
                more = part.cost()
                threads = [(more[thread] - less.get(thread, 0)) / units for thread in more]
                return (sum(threads), max(threads)), totals

            return believed(attempt)

        chunks = CHUNKS_LONG - CHUNKS_SHORT
        result = {"request": difference(loads.one_by_one(REQUESTS_SHORT),
                                        loads.one_by_one(REQUESTS_LONG),
                                        REQUESTS_LONG - REQUESTS_SHORT)}
        for name, usage in (("chunk", False), ("chunk_usage", True)):
            result[name] = difference(
                loads.one_stream(CHUNKS_SHORT, CHUNK_INTERVAL_US, usage),
                loads.one_stream(CHUNKS_LONG, CHUNK_INTERVAL_US, usage), chunks)
        return result


def believed(attempt):
    """What `attempt` gives, made again while too many chunks of its loads met."""
    for _ in range(ATTEMPTS_MAX):
        result, totals = attempt()
        met = sum(each["met_chunks"] for each in totals)
        if met <= MET_SHARE_MAX * sum(each["chunks"] for each in totals):
            return result
    raise processes.BenchError(
        f"more than {MET_SHARE_MAX:.0%} of the chunks met on their way in {ATTEMPTS_MAX} attempts: "
        "the machine is too busy to count costs per chunk; run as root or when it is quieter")


class Parts:
    """Has callgrind write what was counted since the last time, and reads it."""

    def __init__(self, running, out):
        self.running = running
        self.out = out
        self.written = 0

    def cost(self):
        loads.settle()
        self.written += 1
        try:
            subprocess.run(["callgrind_control", "--dump", str(self.running.pid)], check=True,
                           capture_output=True, timeout=TOOL_SECONDS_MAX)
        except (subprocess.SubprocessError, FileNotFoundError) as error:
            raise processes.BenchError(f"callgrind did not write its counts: {error}") from error
        files = list(self.out.glob(f"part.{self.written}-*"))
        if not files:
            raise processes.BenchError("callgrind wrote no counts")
        return dict(read_callgrind(file.read_text(errors="replace")) for file in files)


def read_callgrind(text):
    """(thread, instructions) of one file of callgrind's."""
    thread = re.search(r"^thread: (\d+)$", text, re.MULTILINE)
    totals = re.search(r"^totals: (\d+)", text, re.MULTILINE)
    if not thread or not totals:
        raise processes.BenchError("a file of callgrind's has no totals")
    return int(thread[1]), int(totals[1])


def system_calls(subject, tools, folder, core):
    """{"request", "chunk"} -> {"strace", "worker", "perf", "perf_worker", "calls"}."""
    units = {"request": (loads.one_by_one(2000), "calls"),
             "chunk": (loads.one_stream(600, CHUNK_INTERVAL_US), "chunks")}
    result = {}
    with subject.start(folder, tools.provider_port, core=core, urgent=tools.urgent) as running:
        before = readings.cpu_ns(running.pid)
        tools.run(running.port, loads.one_by_one(500))
        worker = readings.busiest(before, readings.cpu_ns(running.pid))
        for name, (load, unit) in units.items():
            result[name] = calls_of(running, worker, tools, load, unit)
    return result


def calls_of(running, worker, tools, load, unit):
    def whole():
        counts, totals = strace(running, ["-f"], running.pid, tools, load)
        return {call: count / totals[unit] for call, count in counts.items()}, [totals]

    def of_worker():
        counts, totals = strace(running, [], worker, tools, load)
        return sum(counts.values()) / totals[unit], [totals]

    def by_thread():
        threads, totals = perf(running, tools, load)
        return {task: count / totals[unit] for task, count in threads.items()}, [totals]

    calls = believed(whole)
    found = {"strace": sum(calls.values()), "worker": believed(of_worker),
             "calls": {call: round(count, 3) for call, count in calls.items()}}
    if perf_usable():
        threads = believed(by_thread)
        found["perf"] = sum(threads.values())
        found["perf_worker"] = threads.get(worker, 0)
    return found


def strace(running, follow, task, tools, load):
    with tempfile.NamedTemporaryFile("r") as report:
        tracer = processes.start(
            ["strace", *follow, "-c", "-U", "name,calls", "-o", report.name, "-p", task],
            urgent=tools.urgent, stderr=subprocess.DEVNULL)
        try:
            wait_until_traced(tracer, readings.tasks(running.pid) if follow else [task])
            totals = tools.run(running.port, load)
            loads.settle()
        finally:
            processes.stop(tracer, signal.SIGINT)
        return read_strace(report.read()), totals


def wait_until_traced(tracer, tasks):
    deadline = time.monotonic() + TOOL_SECONDS_MAX
    while not all(readings.traced(task) for task in tasks):
        if tracer.poll() is not None or time.monotonic() > deadline:
            raise processes.BenchError(
                "strace could not attach; the bench needs leave to trace its own children (ptrace)")
        time.sleep(0.02)


def read_strace(text):
    """{system call: count} of a summary with the columns name and calls."""
    counts = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].isdigit() and words[0] != "total":
            counts[words[0]] = int(words[1])
    return counts


EVENT = "raw_syscalls:sys_enter"


def perf_usable():
    """Whether the kernel lets us count system calls without stopping at each."""
    if shutil.which("perf") is None:
        return False
    probe = subprocess.run(["perf", "stat", "-e", EVENT, "true"], capture_output=True, check=False)
    return probe.returncode == 0


def perf(running, tools, load):
    """System calls by thread at full speed, and the totals of the load."""
    with tempfile.NamedTemporaryFile("r") as report:
        counter = processes.start(
            ["perf", "stat", "-x", ",", "-e", EVENT, "--per-thread", "-p", running.pid, "-o",
             report.name], stderr=subprocess.DEVNULL)
        try:
            loads.settle()
            totals = tools.run(running.port, load)
            loads.settle()
        finally:
            processes.stop(counter, signal.SIGINT)
        return read_perf(report.read()), totals


def read_perf(text):
    """{thread: count} of `perf stat -x, --per-thread`; a line begins with "name-thread,count,"."""
    counts = {}
    for line in text.splitlines():
        match = re.match(r".*-(\d+),(\d+),", line)
        if match:
            counts[int(match[1])] = int(match[2])
    return counts
