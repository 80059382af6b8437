"""Children of the bench: pinned to a core, listening where they should, dead when it is."""

import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LISTEN_SECONDS_MAX = 60  # valgrind takes its time
STOP_SECONDS_MAX = 10

libc = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """What kept the bench from measuring, as one sentence for a person."""


def start(command, *, core=None, urgent=0, stdin=None, stdout=None, stderr=None, cwd=None):
    """Starts a child on one processor that is killed when this process ends, however it ends.

    Other work on the machine, and less urgent children, wait for an urgent one (1 .. 99), where we
    may ask for that (root).
    """

    def prepare():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if core is not None:
            os.sched_setaffinity(0, {core})
        if urgent:
            try:
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(urgent))
            except PermissionError:
                pass  # then it shares the processor like everybody

    try:
        return subprocess.Popen(
            [str(word) for word in command], stdin=stdin, stdout=stdout, stderr=stderr, cwd=cwd,
            preexec_fn=prepare, text=True)
    except FileNotFoundError as error:
        raise BenchError(
            f"{command[0]} is not installed or not built ({error.strerror})") from error


def stop(child, how=signal.SIGTERM):
    """Asks the child to end, and ends it when it does not."""
    if child.poll() is None:
        child.send_signal(how)
    try:
        child.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(port, child, what):
    deadline = time.monotonic() + LISTEN_SECONDS_MAX
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise BenchError(f"{what} ended at once with status {child.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise BenchError(f"{what} did not listen on port {port} within {LISTEN_SECONDS_MAX} s")
