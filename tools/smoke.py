"""What a new user meets first, against the binary that ships: `smoke.py build/release/recloser`.

Starts the quickstart configuration on free ports with a state directory of its own, makes a call
with the key it was given, streams another, looks for both in the books, and stops it.
"""

import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30
REQUEST_SECONDS_MAX = 30


def main(arguments):
    binary = Path(arguments[0]).resolve()
    with tempfile.TemporaryDirectory(prefix="recloser-smoke-") as folder:
        smoke = Smoke(binary, Path(folder))
        checks = [
            smoke.version,
            smoke.configuration_is_valid,
            smoke.starts_and_is_ready,
            smoke.answers_a_call,
            smoke.streams_a_call,
            smoke.refuses_a_wrong_key,
            smoke.books_both_calls,
            smoke.stops_when_asked,
        ]
        try:
            return run(checks)
        finally:
            smoke.kill()


def run(checks):
    for done, check in enumerate(checks):
        try:
            check()
        except (AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as fault:
            print(f"FAILED {check.__name__.replace('_', ' ')}: {fault}")
            print(f"{done} passed, 1 failed")  # what follows needs what came before
            return 1
        print(f"ok     {check.__name__.replace('_', ' ')}")
    print(f"{len(checks)} passed, 0 failed")
    return 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Smoke:
    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        self.port, self.admin_port = free_port(), free_port()
        self.state = folder / "state"
        self.config = folder / "recloser.yaml"
        shutil.copytree(PROJECT / "config", folder, dirs_exist_ok=True)
        self.config.write_text(self._own_places((folder / "quickstart.yaml").read_text()))
        self.output = (folder / "output").open("w+")
        self.process = None
        self.key = ""

    def _own_places(self, text):
        """The same configuration on other ports, and with its state in a folder that goes away."""
        text, listens = re.subn(r"127\.0\.0\.1:8787", f"127.0.0.1:{self.port}", text)
        text, admins = re.subn(r"127\.0\.0\.1:8788", f"127.0.0.1:{self.admin_port}", text)
        if not listens:
            text += f"\nlisten:\n  - address: 127.0.0.1:{self.port}\n"
        if not admins:
            text += f"\nadmin:\n  address: 127.0.0.1:{self.admin_port}\n"
        text, states = re.subn(r"(?m)^(\s+directory:).*$", rf"\1 {self.state}", text)
        if not states:
            text += f"\nstate:\n  directory: {self.state}\n"
        return text

    def _command(self, *arguments):
        done = subprocess.run(
            [str(self.binary), *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=REQUEST_SECONDS_MAX,
        )
        assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr or done.stdout}"
        return done.stdout

    def _post(self, path, body, key):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=json.dumps(body).encode(),
            headers={"authorization": f"Bearer {key}", "content-type": "application/json",
                     "anthropic-version": "2023-06-01"},
        )
        return urllib.request.urlopen(request, timeout=REQUEST_SECONDS_MAX)

    def version(self):
        assert self._command("version").strip(), "says nothing"

    def configuration_is_valid(self):
        self._command("check", str(PROJECT / "config" / "quickstart.yaml"))

    def starts_and_is_ready(self):
        self.process = subprocess.Popen(
            [str(self.binary), "serve", "--config", str(self.config)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=self.output,
            text=True,
        )
        seen = []
        for line in self.process.stdout:  # it prints the ready-to-paste curl when it is ready
            seen.append(line)
            if "curl" in line:
                break
        else:
            self.output.seek(0)
            raise AssertionError(f"ended at once: {''.join(seen)}{self.output.read()}")
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/readyz", timeout=START_SECONDS_MAX
        ) as answer:
            assert answer.status == 200, f"/readyz says {answer.status}"
        self.key = (self.state / "quickstart.key").read_text().strip()
        mode = (self.state / "quickstart.key").stat().st_mode & 0o777
        assert mode == 0o600, f"the key lies there with mode {mode:o}"

    def answers_a_call(self):
        body = {"model": "sim-fast", "messages": [{"role": "user", "content": "Hello"}]}
        with self._post("/v1/chat/completions", body, self.key) as answer:
            assert answer.headers["x-recloser-call"], "no x-recloser-call in the answer"
            content = json.load(answer)["choices"][0]["message"]["content"]
            assert content, "the answer has no text"

    def streams_a_call(self):
        body = {"model": "sim-fast", "max_tokens": 64, "stream": True}
        body["messages"] = [{"role": "user", "content": "Hello"}]
        with self._post("/v1/messages", body, self.key) as answer:
            text = answer.read().decode()
        assert "event: message_stop" in text, f"no end of the stream in {text[-200:]!r}"

    def refuses_a_wrong_key(self):
        try:
            self._post("/v1/chat/completions", {"model": "sim-fast", "messages": []}, "rk-wrong")
        except urllib.error.HTTPError as refusal:
            assert refusal.code == 401, f"status {refusal.code}"
            return
        raise AssertionError("a wrong key was taken")

    def books_both_calls(self):
        printed = json.loads(self._command("calls", "--config", str(self.config), "--json"))
        outcomes = [call["outcome"] for call in printed["data"]]
        assert outcomes == ["completed", "completed"], f"the books say {outcomes}"
        assert all(call["output_tokens"] > 0 for call in printed["data"]), "a call without tokens"

    def stops_when_asked(self):
        self.process.terminate()
        descriptor = os.pidfd_open(self.process.pid)  # readable once it has ended
        select.select([descriptor], [], [], STOP_SECONDS_MAX)
        os.close(descriptor)
        status = self.process.poll()
        assert status is not None, f"still runs {STOP_SECONDS_MAX} s after SIGTERM"
        assert status == 0, f"exit status {status} after SIGTERM"
        self.process = None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.output.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
