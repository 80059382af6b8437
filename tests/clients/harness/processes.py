"""Children that die with us, and whose output can be waited for."""

import ctypes
import os
import re
import select
import signal
import subprocess
import threading
import time

PR_SET_PDEATHSIG = 1
STOP_SECONDS_MAX = 40  # longer than the gateway's own drain
TAIL_LINES = 30

libc = ctypes.CDLL(None, use_errno=True)


class HarnessError(Exception):
    """What kept a suite from running, as a sentence for a person."""


def wait_for_end(process, seconds):
    """The exit status, or None when it runs on. Popen.wait(timeout) looks every 50 ms instead."""
    if process.poll() is None:
        descriptor = os.pidfd_open(process.pid)
        try:
            select.select([descriptor], [], [], seconds)
        finally:
            os.close(descriptor)
    return process.poll()


class Child:
    """A process with its output in `FOLDER/NAME.log`, and every line of it at hand."""

    def __init__(self, name, command, folder, environment=None):
        self.name, self.folder = name, folder
        self.log = folder / f"{name}.log"
        self.lines = []
        self._silent = False  # nothing more will come
        self._news = threading.Condition()
        try:
            self.process = subprocess.Popen(
                [str(word) for word in command], cwd=folder, env=environment, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                errors="replace",
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        except FileNotFoundError as error:
            raise HarnessError(f"{command[0]} is not there ({error.strerror}); build it first: "
                               "cmake --preset release && ninja -C build/release") from error
        self._reader = threading.Thread(target=self._read, name=f"output of {name}", daemon=True)
        self._reader.start()

    def _read(self):
        with self.log.open("a") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                with self._news:
                    self.lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._silent = True
            self._news.notify_all()

    def line(self, pattern, seconds):
        """The match of the first line that has `pattern`; waits for it."""
        until = time.monotonic() + seconds
        seen = 0
        with self._news:
            while True:
                for line in self.lines[seen:]:
                    if match := re.search(pattern, line):
                        return match
                seen = len(self.lines)
                left = until - time.monotonic()
                if left <= 0 or self._silent:
                    raise HarnessError(f"{self.name} did not say {pattern!r}; it said:\n"
                                       + self.tail())
                self._news.wait(left)

    def tail(self):
        return "\n".join(f"    {line}" for line in self.lines[-TAIL_LINES:]) or "    nothing"

    def running(self):
        return self.process.poll() is None

    def ended(self, seconds=STOP_SECONDS_MAX):
        """Its exit status; negative for a signal. Its whole output is in `lines` then."""
        status = wait_for_end(self.process, seconds)
        if status is None:
            raise HarnessError(f"{self.name} runs on after {seconds} s")
        self._reader.join(STOP_SECONDS_MAX)
        return status

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()
        self._reader.join(STOP_SECONDS_MAX)

    def stop(self):
        """Asks it to end; the exit status."""
        if self.running():
            self.process.terminate()
        try:
            return self.ended()
        except HarnessError:
            self.kill()
            raise
