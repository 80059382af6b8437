"""The parts of the bench: each runs its loads and gives its figures."""

import statistics

from driver import counting, figures, loads, readings, secure, subjects
from driver.figures import Figure

HELD_CONNECTIONS = 5000
STREAM_INTERVAL_US = 2_000_000
GAP_ROUNDS = 3
TICKS_PER_SECOND = 100

# (name, unit, load, what its cost is divided by, gate as a ratio to nginx)
CPU_LOADS = (
    ("CPU per 1 KB request", "us", loads.REQUESTS, "calls", 1.1),
    ("CPU per SSE chunk", "us", loads.STREAMS, "chunks", 1.2),
    ("CPU per 400 KB request", "us", loads.LARGE_REQUESTS, "calls", 1.6),
)
INSTRUCTIONS_PER_REQUEST_MAX = 28_000
INSTRUCTIONS_PER_CHUNK_MAX = 5_500
CALLS_PER_REQUEST_MAX = 7
CALLS_PER_CHUNK_MAX = 4
KIB_PER_IDLE_MAX = 2
KIB_PER_STREAM_MAX = 8
TLS_KIB_PER_IDLE_MAX = 12
TLS_KIB_PER_STREAM_MAX = 28
GAP_GROWTH_MS_MAX = 2


def cpu(subject, reference, tools, folder, core, rounds, say):
    """CPU time per unit, all on one core, in rounds that every subject takes part in."""
    pair = [subject, reference]
    costs = {one.name: {name: [] for name, *_ in CPU_LOADS} for one in pair}
    raw = []
    with subject.start(folder, tools.provider_port, core=core) as first, \
            reference.start(folder, tools.provider_port, core=core) as second:
        running = {subject.name: first, reference.name: second}
        for turn in range(rounds):
            for name, unit, load, per, _ in CPU_LOADS:
                for one in figures.rotated(pair, turn):
                    cost = cpu_once(running[one.name], tools, load, per, core)
                    costs[one.name][name].append(cost)
                    raw.append({"round": turn, "subject": one.name, "load": name, "unit": unit,
                                **cost})
            say(f"round {turn + 1} of {rounds}")
    result = []
    for name, unit, _, _, gate in CPU_LOADS:
        ours, theirs = costs[subject.name][name], costs[reference.name][name]
        result.append(figures.paired(
            name, unit, [cost["us"] for cost in ours], [cost["worker_us"] for cost in ours],
            [cost["us"] for cost in theirs], gate))
    return result, raw


def cpu_once(running, tools, load, per, core):
    ticks = readings.core_ticks(core)
    ours = [readings.cpu_ns(running.pid), readings.cpu_ns(tools.provider.pid)]
    totals = tools.run(running.port, load)
    loads.settle()
    after = readings.cpu_ns(running.pid)
    worker, whole = readings.spent(ours[0], after)
    _, provider = readings.spent(ours[1], readings.cpu_ns(tools.provider.pid))
    worked = (readings.core_ticks(core) - ticks) / TICKS_PER_SECOND
    count = totals[per]
    return {"us": whole / count / 1000, "worker_us": worker / count / 1000, "count": count,
            "p50_us": totals["delay_us" if "delay_us" in totals else "whole_us"]["p50"],
            "p99_us": totals["delay_us" if "delay_us" in totals else "whole_us"]["p99"],
            "core_seconds": round(worked, 2), "subject_seconds": round(whole / 1e9, 3),
            "provider_seconds": round(provider / 1e9, 3)}


def instructions(subject, reference, tools, folder, core):
    ours = counting.instructions(subject, tools, folder, core)
    theirs = counting.instructions(reference, tools, folder, core) if reference else {}
    rows = (("request", "instructions per 1 KB request", INSTRUCTIONS_PER_REQUEST_MAX),
            ("chunk", "instructions per SSE chunk", INSTRUCTIONS_PER_CHUNK_MAX),
            ("chunk_usage", "instructions per SSE chunk, the client asks for usage",
             INSTRUCTIONS_PER_CHUNK_MAX))
    return [Figure(name, "callgrind", ours[key][0], ours[key][1],
                   theirs[key][0] if theirs else None, gate=gate, fails=True)
            for key, name, gate in rows], {"ours": ours, "nginx": theirs}


def system_calls(subject, reference, tools, folder, core):
    ours = counting.system_calls(subject, tools, folder, core)
    theirs = counting.system_calls(reference, tools, folder, core) if reference else {}
    result = []
    for key, name, gate in (("request", "system calls per request", CALLS_PER_REQUEST_MAX),
                            ("chunk", "system calls per chunk", CALLS_PER_CHUNK_MAX)):
        for tool, part in (("strace", "worker"), ("perf", "perf_worker")):
            if tool in ours[key]:
                result.append(Figure(
                    name, tool, ours[key][tool], ours[key][part],
                    theirs[key][tool] if theirs else None, gate=gate, fails=True))
    return result, {"ours": ours, "nginx": theirs}


def memory(subject, reference, tools, folder):
    """RSS that each held connection adds: idle after one call, and in mid-stream."""
    idle = {"connections": HELD_CONNECTIONS, "calls-each": 1, "ramp": 32,
            "body-bytes": loads.SMALL_BYTES}
    stream = {**idle, "stream": "yes", "chunks": 100, "interval-us": STREAM_INTERVAL_US}
    result = []
    for name, load, gate in (("RSS per idle connection", idle, KIB_PER_IDLE_MAX),
                             ("RSS per streaming connection", stream, KIB_PER_STREAM_MAX)):
        ours = held(subject, tools, folder, load)
        theirs = held(reference, tools, folder, load) if reference else None
        result.append(Figure(name, "KiB", ours, reference=theirs, gate=gate, fails=True))
    return result, {}


def held(subject, tools, folder, load):
    with subject.start(folder, tools.provider_port) as running:
        tools.run(running.port, loads.one_by_one(200))
        before = readings.rss_kib(running.pid)
        with loads.Held(tools, running.port, load) as connections:
            connections.wait()
            if "stream" in load:  # until each stream has carried a chunk or two
                for _ in range(10):
                    loads.settle()
            after = readings.rss_kib(running.pid)
            connections.release()
    return (after - before) / HELD_CONNECTIONS


def tls_memory(binary, tools, folder):
    """RSS that TLS adds to a connection of a client, and to one of a provider."""
    certificate = secure.make_certificate(folder)
    plain = subjects.recloser(binary)
    to_clients = subjects.recloser(binary, certificate=certificate)
    to_both = subjects.recloser(binary, certificate=certificate, secure_provider=True)
    far_end = subjects.recloser(binary, name="far-end", certificate=certificate)

    def held_by(subject, provider_port, trusted, stream):
        with subject.start(folder, provider_port) as running:
            return secure.kib_per_connection(running, trusted, stream)

    port, trusted = tools.provider_port, certificate[0]
    idle = [held_by(plain, port, None, False), held_by(to_clients, port, trusted, False)]
    stream = [held_by(plain, port, None, True), held_by(to_clients, port, trusted, True)]
    with far_end.start(folder, port) as provider:
        stream.append(held_by(to_both, provider.port, trusted, True))
    rows = (("idle client", idle[1] - idle[0], TLS_KIB_PER_IDLE_MAX),
            ("client of a stream", stream[1] - stream[0], TLS_KIB_PER_STREAM_MAX),
            ("provider of a stream", stream[2] - stream[1], TLS_KIB_PER_STREAM_MAX))
    return [Figure(f"RSS that TLS adds, {what}", "KiB", value, gate=gate, fails=True)
            for what, value, gate in rows], {"idle": idle, "stream": stream}


GAP_BODIES = (("400 KB", loads.LARGE_BYTES), ("32 MiB", loads.HUGE_BYTES))
GAP_MEASURES = (("gap_us", "gap between chunks"), ("delay_us", "delay of a chunk"))


def gaps(subject, reference, tools, folder, core):
    """How much later chunks of other streams arrive while large bodies pass."""
    with subject.start(folder, tools.provider_port, core=core) as running:
        ours = gap_growth(running.port, tools)
    with reference.start(folder, tools.provider_port, core=core) as running:
        theirs = gap_growth(running.port, tools)
    direct = gap_growth(tools.provider_port, tools)  # what the bench's own programs add
    result = []
    for size, _ in GAP_BODIES:
        for measure, what in GAP_MEASURES:
            for percentile in ("p50", "p99"):
                gated = (measure, percentile) == ("gap_us", "p99")
                key = f"{size} {measure} {percentile}"
                result.append(Figure(
                    f"{what} while {size} bodies pass, {percentile} growth", "ms",
                    statistics.median(ours[key]), reference=statistics.median(theirs[key]),
                    gate=GAP_GROWTH_MS_MAX if gated else None))
    return result, {"ours": ours, "nginx": theirs, "direct": direct}


def gap_growth(port, tools):
    """Milliseconds by which a percentile grows against the quiet run just before, by round.

    The subject has a core of its own. Provider and streams are urgent, the sender of the bodies is
    not: what grows is what the subject makes the streams wait. (The subject is not urgent either: a
    large body would keep the kernel's own network thread from that core, for 17 ms at a time.)
    """
    streams = {**loads.STREAMS, "chunks": 300}
    growth = {}

    def note(what, value):
        growth.setdefault(what, []).append(value)

    for _ in range(GAP_ROUNDS):
        quiet = tools.run(port, streams)
        for measure, _ in GAP_MEASURES:
            note(f"quiet {measure} p99", quiet[measure]["p99"] / 1000)
        for size, bytes_each in GAP_BODIES:
            bulk = tools.start_load(
                port, {"connections": 1, "milliseconds": 3200, "body-bytes": bytes_each})
            busy = tools.run(port, streams)
            note(f"{size} bodies", loads.finish(bulk)["calls"])
            for measure, _ in GAP_MEASURES:
                for percentile in ("p50", "p99"):
                    more = busy[measure][percentile] - quiet[measure][percentile]
                    note(f"{size} {measure} {percentile}", more / 1000)
    return growth
