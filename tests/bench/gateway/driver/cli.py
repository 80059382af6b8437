"""The two commands: `run` measures everything against nginx, `gates` only what CI may fail on."""

import argparse
import json
import os
import pathlib
import sys
import time

from driver import counting, figures, loads, parts, processes, readings, subjects

PROJECT = pathlib.Path(__file__).resolve().parents[4]
PARTS = ("cpu", "instructions", "system-calls", "memory", "tls-memory", "gaps")
GATED = ("instructions", "system-calls", "memory", "tls-memory")
FINE, BROKEN, NOT_MEASURED = 0, 1, 3


def run():
    parser = arguments("Measures the gateway against nginx in one run, and prints a table.")
    parser.add_argument("--rounds", type=int, default=9, help="of the CPU part (default 9)")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    options = parser.parse_args()
    wanted = options.parts.split(",")
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown or options.rounds < 1:
        parser.error(f"there is no part {', '.join(unknown)}" if unknown else "--rounds is >= 1")
    return guarded(lambda: measure(options, wanted, subjects.nginx()), options,
                   options.json or PROJECT / "build/bench/gateway.json")


def gates():
    options = arguments(f"Checks the gates that may fail CI: {', '.join(GATED)}.")
    options = options.parse_args()
    return guarded(lambda: measure(options, GATED, None), options,
                   options.json or PROJECT / "build/bench/gates.json")


def arguments(what):
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--build", type=pathlib.Path, default=PROJECT / "build/release",
                        help="build folder with the bench's programs (default build/release)")
    parser.add_argument("--recloser", type=pathlib.Path,
                        help="the binary to measure (default: recloser in the build folder)")
    parser.add_argument("--subject", metavar="NAME=COMMAND",
                        help="measure another proxy; {port} and {provider_port} are filled in")
    parser.add_argument("--budgets", action="store_true",
                        help="four budgets on every call")
    parser.add_argument("--targets", type=int, default=1,
                        help="that the model has (default 1)")
    parser.add_argument("--core", type=int, default=(os.cpu_count() or 1) - 1,
                        help="the processor that everything measured shares (default: the last)")
    parser.add_argument("--json", type=pathlib.Path, help="where the figures are written")
    return parser


def guarded(work, options, destination):
    """Measures, prints, writes; the exit status says whether a gate that may fail was broken."""
    say(f"measuring on core {options.core}, binaries of {options.build}")
    try:
        result = work()
    except processes.BenchError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return NOT_MEASURED
    except KeyboardInterrupt:
        return NOT_MEASURED
    found = result.pop("found")
    set_ceilings(found)
    print(figures.table(found, result["subject"]))
    write(result | {"figures": [figure.as_json() for figure in found]}, destination)
    broken = [figure for figure in found if figure.failed]
    for figure in broken:
        limit = figure.gate if figure.ceiling is None else figure.ceiling
        print(f"BROKEN: {figure.name} ({figure.unit}) is {figures.number(figure.value)}, "
              f"at most {limit:,g} is held")
    for part, why in result["not_measured"].items():
        print(f"not measured: {part}: {why}", file=sys.stderr)
    if result["not_measured"]:
        return NOT_MEASURED
    return BROKEN if broken else FINE


def set_ceilings(found):
    """Gates that are not reached yet are held where we are, so that nothing gets worse unseen."""
    held = json.loads((PROJECT / "tests/bench/held.json").read_text())
    for figure in found:
        figure.ceiling = held.get(f"{figure.name} ({figure.unit})")


def measure(options, wanted, reference):
    if options.subject:
        wanted = [part for part in wanted if part != "tls-memory"]  # we set up our own TLS only
    tools_folder = options.build / "tests/bench/gateway"
    if not (tools_folder / "bench_load").exists():
        raise processes.BenchError(
            f"the bench's programs are not in {tools_folder}; run `cmake --preset release && "
            "ninja -C build/release bench_load bench_provider`")
    subject = (subjects.command(options.subject) if options.subject
               else subjects.recloser(binary_of(options), budgets=options.budgets,
                                       targets=options.targets))
    folder = PROJECT / "build/bench/work"
    os.sched_setaffinity(0, others(options.core))
    found, raw, failures = [], {}, {}
    began = time.monotonic()
    for part in wanted:
        say(f"{part} ..")
        try:
            result, details = one_part(part, options, subject, reference, tools_folder, folder)
        except processes.BenchError as error:
            failures[part] = str(error)
            continue
        found += result
        raw[part] = details
    seconds = time.monotonic() - began
    say(f"done in {seconds:.0f} s")
    return {"subject": subject.name, "machine": readings.machine(), "seconds": round(seconds),
            "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "not_measured": failures, "raw": raw, "found": found}


def one_part(part, options, subject, reference, tools_folder, folder):
    core = options.core
    # For CPU the tools share the subject's core: no wake-up crosses cores. Else they have another:
    # for gaps, to be on time; for system calls, because on one core the peer of a proxy runs as
    # soon as it is sent to, and reads that would be in vain find their answer.
    tools_core = core if part == "cpu" else min(others(core))
    urgent = int(part in ("instructions", "system-calls", "gaps"))
    with loads.Tools(tools_folder, tools_core, urgent) as tools:
        if part == "cpu":
            return parts.cpu(subject, reference, tools, folder, core, options.rounds, say)
        if part == "instructions":
            return parts.instructions(subject, reference, tools, folder, core)
        if part == "system-calls":
            if not counting.perf_usable():
                say("perf may not count here: system calls are those of strace alone")
            return parts.system_calls(subject, reference, tools, folder, core)
        if part == "memory":
            return parts.memory(subject, reference, tools, folder)
        if part == "tls-memory":
            return parts.tls_memory(binary_of(options), tools, folder)
        return parts.gaps(subject, reference, tools, folder, core)


def binary_of(options):
    return options.recloser or options.build / "recloser"


def others(core):
    """The processors besides the measured one; that one itself on a machine with a single one."""
    return (set(range(os.cpu_count() or 1)) - {core}) or {core}


def write(result, destination):
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_text(json.dumps(result, indent=1) + "\n")
    say(f"written to {os.path.relpath(destination, PROJECT)}")


def say(text):
    print(text, file=sys.stderr, flush=True)
