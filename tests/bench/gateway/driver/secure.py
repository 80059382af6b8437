"""TLS connections that a gateway has to hold: a certificate, clients, and what they cost."""

import http.client
import json
import pathlib
import resource
import ssl
import subprocess

from driver import loads, processes, readings, subjects

CONNECTIONS = 800
WARM_UP_CONNECTIONS = 30  # what is allocated once is allocated then
ANSWER_SECONDS_MAX = 30
STREAM_INTERVAL_US = 2_000_000


def make_certificate(folder):
    """(certificate, key) of this machine's loopback, signed by itself."""
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "certificate.pem", folder / "key.pem"
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", files[1], "-out", files[0]], check=True, capture_output=True)
    except (subprocess.SubprocessError, FileNotFoundError) as error:
        raise processes.BenchError(f"openssl made no certificate: {error}") from error
    return files


class Clients:
    """Connections that have each made one call, and stay; of streams nothing is read on."""

    def __init__(self, port, certificate):
        self.port = port
        self.trust = ssl.create_default_context(cafile=certificate) if certificate else None
        self.held = []

    def connect(self, count, stream):
        order = f"bench chunks=1000 interval_us={STREAM_INTERVAL_US};"
        body = json.dumps({"model": subjects.MODEL, "user": order, "stream": stream,
                           "messages": [{"role": "user", "content": "hello"}]},
                          separators=(",", ":"))  # the bench's provider looks for plain bytes
        for _ in range(count):
            connection = self.connection()
            connection.request("POST", "/v1/chat/completions", body, {
                "authorization": f"Bearer {subjects.CLIENT_KEY}",
                "content-type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise processes.BenchError(f"status {answer.status}: {answer.read()[:300]!r}")
            told = answer.headers.get("content-type", "")
            if told.startswith("text/event-stream") != stream:
                raise processes.BenchError(f"the provider answered with {told}")
            if not stream:
                answer.read()
            self.held.append((connection, answer))

    def connection(self):
        if self.trust is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS_MAX)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS_MAX,
                                           context=self.trust)

    def close(self):
        for connection, answer in self.held:
            answer.close()
            connection.close()
        self.held.clear()


def kib_per_connection(running, certificate, stream):
    """Growth of RSS while clients connect, call once, and stay."""
    allow_descriptors()
    clients = Clients(running.port, certificate)
    try:
        clients.connect(WARM_UP_CONNECTIONS, stream)
        loads.settle()
        before = readings.rss_kib(running.pid)
        clients.connect(CONNECTIONS, stream)
        loads.settle()
        return (readings.rss_kib(running.pid) - before) / CONNECTIONS
    except OSError as error:
        raise processes.BenchError(f"a client of the TLS part failed: {error}") from error
    finally:
        clients.close()


def allow_descriptors():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
