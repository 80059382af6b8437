"""The gateway that is killed, the provider that outlives it, and what they write."""

import json
import pathlib
import sys
import urllib.request

PROJECT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT / "tests/clients"))

from harness.gateway import Gateway, free_port, start_simulator  # noqa: E402
from harness.processes import HarnessError  # noqa: E402
from harness.waiting import once_nobody_is_left  # noqa: E402

KEY = "rk-of-the-clients-of-chaos"
TOKEN = "token-of-the-operator-of-chaos"
QUIET_SECONDS_MAX = 20

CONFIG = """\
apiVersion: recloser.dev/v1alpha1
kind: Gateway
listen:
  - address: 127.0.0.1:{port}
admin:
  address: 127.0.0.1:{admin_port}
  token: {token}
state:
  directory: {state}
workers: 2
providers:
  openai-sim:
    dialect: openai
    baseUrl: {simulator}/v1
    apiKey: {provider_key}
  anthropic-sim:
    dialect: anthropic
    baseUrl: {simulator}
    apiKey: {provider_key}
keys:
  - id: chaos
    secret: {key}
    org: acme
    budget: {{usd: 1000, per: total, reserve: elastic}}
    concurrency: 64
"""


class Place:
    """A state directory over all its lives; every life may have another provider key."""

    def __init__(self, folder, simulator, state="state"):
        self.folder, self.simulator, self.state = folder, simulator, state
        self.port, self.admin_port = free_port(), free_port()
        self.lives = 0
        self.gateway = None

    def config(self, provider_key, **changed):
        ports = {"port": self.port, "admin_port": self.admin_port, "state": self.state, **changed}
        return CONFIG.format(simulator=self.simulator, key=KEY, token=TOKEN,
                             provider_key=provider_key, **ports)

    def begin(self, provider_key):
        """Starts a life without waiting for it."""
        self.lives += 1
        self.gateway = Gateway(self.folder, self.config(provider_key), TOKEN)
        self.gateway.spawn(f"gateway-{self.lives}")
        return self.gateway

    def start(self, provider_key):
        self.begin(provider_key).wait_until_ready()
        return self.gateway

    def truth(self, provider_key):
        """What the provider saw of the calls with this key, when none is open any more."""
        url = f"{self.simulator}/sim/truth?limit=100000&key={provider_key}"

        def look():
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]

        def all_ended(calls):
            return all(call["state"] != "open" for call in calls)

        calls = once_nobody_is_left(look, all_ended, QUIET_SECONDS_MAX)
        if not all_ended(calls):
            raise HarnessError("the provider still has open calls of a gateway that is gone")
        return calls


__all__ = ["HarnessError", "Place", "start_simulator"]
