"""A gateway in a folder of its own, its admin API, and the providers behind it."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request

from harness.processes import Child, HarnessError

PROJECT = pathlib.Path(__file__).resolve().parents[3]
START_SECONDS_MAX = 30
REQUEST_SECONDS_MAX = 30
PAGE_CALLS = 1000
PORTS = (20_000, 32_000)


def binary():
    """The program under test: $RECLOSER_BINARY, or the release build."""
    path = pathlib.Path(os.environ.get("RECLOSER_BINARY") or PROJECT / "build/release/recloser")
    if not path.is_file():
        raise HarnessError(f"{path} is not there; build it first: "
                           "cmake --preset release && ninja -C build/release recloser")
    return path.resolve()


def free_port():
    """For a gateway that is started again on it: below the ports that the kernel lends to clients,
    or one of those could sit on it in the meantime."""
    for port in random.sample(range(*PORTS), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise HarnessError(f"no free port from {PORTS[0]} to {PORTS[1] - 1}")


def plain_environment(folder, **more):
    """Nothing of the caller's but the way to programs: no keys, no proxies, no settings."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(folder),
            "LANG": "C.UTF-8", **more}


class Books:
    """The ledger as the admin API shows it."""

    def __init__(self, address, token):
        self.address, self.token = address, token

    def text(self, path, **query):
        asked = urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})
        request = urllib.request.Request(f"{self.address}{path}{'?' if asked else ''}{asked}",
                                         headers={"authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS_MAX) as answer:
            return answer.read().decode()

    def get(self, path, **query):
        return json.loads(self.text(path, **query))

    def calls(self, **wanted):
        """Every row, newest first, over all pages."""
        rows, cursor = [], None
        while True:
            page = self.get("/admin/calls", limit=PAGE_CALLS, cursor=cursor, **wanted)
            rows += page["data"]
            cursor = page["next"]
            if cursor is None:
                return rows


class Gateway:
    """`recloser serve` with `config` in `folder`; ports are what it says they are."""

    def __init__(self, folder, config, token):
        self.folder, self.token = folder, token
        self.config = folder / "recloser.yaml"
        self.config.write_text(config)
        self.child = None
        self.address = ""  # of clients, without a path
        self.books = None

    def start(self, name="gateway"):
        self.spawn(name)
        return self.wait_until_ready()

    def spawn(self, name="gateway"):
        self.child = Child(name, [binary(), "serve", "--config", self.config], self.folder,
                           plain_environment(self.folder))
        return self.child

    def wait_until_ready(self):
        clients = self.child.line(r"^\s*clients\s+(\S+:\d+)$", START_SECONDS_MAX)[1]
        admin = self.child.line(r"^\s*admin\s+http://(\S+:\d+)$", START_SECONDS_MAX)[1]
        self.address = f"http://{clients}"
        self.books = Books(f"http://{admin}", self.token)
        self.check_ready()
        return self

    def check_ready(self):
        host, port = self.address.removeprefix("http://").split(":")
        probe = http.client.HTTPConnection(host, int(port), timeout=REQUEST_SECONDS_MAX)
        try:
            probe.request("GET", "/readyz")
            answer = probe.getresponse()
            if answer.status != 200:
                raise HarnessError(f"/readyz says {answer.status}: {answer.read()[:200]!r}")
        except OSError as error:
            raise HarnessError(f"the gateway said it is ready, but {error}; it said:\n"
                               + self.child.tail()) from error
        finally:
            probe.close()


def start_simulator(folder):
    """`recloser sim` as a process of its own, so that its truth outlives a gateway."""
    child = Child("simulator", [binary(), "sim", "--listen", "127.0.0.1:0", "--seed", "1"], folder,
                  plain_environment(folder))
    return child, "http://" + child.line(r"(127\.0\.0\.1:\d+)", START_SECONDS_MAX)[1]


def start_mock(folder, scripts):
    """tests/mock/mock_provider.py with a script for each model name."""
    path = folder / "mock.json"
    path.write_text(json.dumps(scripts))
    child = Child("mock", [sys.executable, "-u", PROJECT / "tests/mock/mock_provider.py",
                           "--script", path], folder)
    return child, child.line(r"^(http://\S+)$", START_SECONDS_MAX)[1]
