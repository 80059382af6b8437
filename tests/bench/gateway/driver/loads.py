"""The loads of the bench, and running one."""

import json
import subprocess
import time

from driver import processes, subjects

RUN_SECONDS_MAX = 120
SMALL_BYTES = 1024
LARGE_BYTES = 400 * 1024
HUGE_BYTES = 32 * 1024 * 1024

# A load is options of bench_load (see its source); `unit` is what its cost is divided by.
REQUESTS = {"connections": 32, "milliseconds": 1500, "body-bytes": SMALL_BYTES}
LARGE_REQUESTS = {"connections": 8, "milliseconds": 1500, "body-bytes": LARGE_BYTES}
# 50 streams with a chunk every 10 ms each, spread evenly by the provider: chunks do not meet, so
# none is carried for free.
STREAMS = {"connections": 50, "stream": "yes", "chunks": 150, "interval-us": 10000,
           "calls-each": 1, "body-bytes": SMALL_BYTES}


def one_by_one(calls):
    """Requests on one connection: each waits for the one before it, so costs repeat exactly."""
    return {"connections": 1, "calls": calls, "body-bytes": SMALL_BYTES}


def one_stream(chunks, interval_us, usage=False):
    return {"connections": 1, "calls": 1, "stream": "yes", "chunks": chunks,
            "interval-us": interval_us, "usage": "yes" if usage else "no",
            "body-bytes": SMALL_BYTES}


class Tools:
    """The two programs of the bench; the provider runs as long as this object's `with` block."""

    def __init__(self, folder, core, urgent=0):
        self.folder = folder
        self.core = core
        self.urgent = urgent
        self.provider = None
        self.provider_port = 0

    def __enter__(self):
        self.provider = processes.start([self.folder / "bench_provider"], core=self.core,
                                        urgent=self.urgent, stdout=subprocess.PIPE)
        port = self.provider.stdout.readline().strip()
        if not port:
            processes.stop(self.provider)
            raise processes.BenchError("the bench's provider did not start")
        self.provider_port = int(port)
        return self

    def __exit__(self, *unused):
        processes.stop(self.provider)

    def start_load(self, port, load, urgent=0, stdin=None):
        words = [self.folder / "bench_load", "--port", port, "--key", subjects.CLIENT_KEY,
                 "--model", subjects.MODEL]
        for name, value in load.items():
            words += [f"--{name}", value]
        return processes.start(words, core=self.core, urgent=urgent, stdin=stdin,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, port, load):
        """Runs a load to its end and gives its totals; any failed call fails the bench."""
        # It only reads what has come, so it goes before the provider that it shares a core with.
        urgent = self.urgent + 1 if self.urgent else 0
        return finish(self.start_load(port, load, urgent))


def finish(child):
    try:
        output, complaint = child.communicate(timeout=RUN_SECONDS_MAX)
    except subprocess.TimeoutExpired as error:
        processes.stop(child)
        raise processes.BenchError(f"a load did not end within {RUN_SECONDS_MAX} s") from error
    lines = output.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise processes.BenchError(f"a load ended without a result: {complaint.strip()}")
    totals = json.loads(lines[-1])
    if child.returncode != 0 or totals["errors"] or totals["misnumbered_chunks"]:
        said = totals.get("first_error") or complaint.strip()
        raise processes.BenchError(
            f"{totals['errors']} calls of a load failed, {totals['misnumbered_chunks']} chunks "
            f"were lost or out of order; the first complaint: {said}")
    return totals


class Held:
    """Connections that a load keeps open; `release` gives its totals."""

    def __init__(self, tools, port, load):
        self.child = tools.start_load(port, {**load, "hold": "yes"}, stdin=subprocess.PIPE)

    def wait(self):
        line = self.child.stdout.readline()
        if line.strip() != "holding":
            _, complaint = self.child.communicate(timeout=RUN_SECONDS_MAX)
            raise processes.BenchError(f"connections could not be held: {complaint or line}")

    def release(self):
        return finish(self.child)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        processes.stop(self.child)


def settle():
    """Lets what a load has left behind (a batch of rows to write) be done and counted."""
    time.sleep(0.3)
