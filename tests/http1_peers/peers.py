"""An origin that remembers what reached it, two servers in front of it, and a plain client."""

import os
import pathlib
import socket
import subprocess
import threading
from dataclasses import dataclass

QUIET_SECONDS = 0.4  # a connection without a byte for so long waits for more of the message
START_SECONDS = 5


@dataclass
class Message:
    method: str = ""
    target: str = ""
    status: int = 0
    body: bytes = b""
    complete: bool = True


class Reader:
    """Reads well-formed messages from a socket; peers write nothing else."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b""

    def _more(self):
        try:
            got = self.sock.recv(65536)
        except (TimeoutError, ConnectionError):
            return False
        self.data += got
        return bool(got)

    def _line(self):
        while b"\r\n" not in self.data:
            if not self._more():
                return None
        line, self.data = self.data.split(b"\r\n", 1)
        return line

    def _bytes(self, count):
        while len(self.data) < count:
            if not self._more():
                break
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def _fields(self):
        fields = {}
        while (line := self._line()) not in (None, b""):
            name, _, value = line.partition(b":")
            fields[name.lower()] = value.strip()
        return fields if line is not None else None

    def _chunks(self):
        body = b""
        while (line := self._line()) is not None:
            size = int(line.split(b";")[0], 16)
            if size == 0:
                return body, self._fields() is not None
            piece = self._bytes(size)
            body += piece
            if len(piece) < size or self._line() is None:
                break
        return body, False

    def _body(self, fields, until_close):
        if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
            return self._chunks()
        if b"content-length" in fields:
            wanted = int(fields[b"content-length"])
            body = self._bytes(wanted)
            return body, len(body) == wanted
        if not until_close:
            return b"", True
        while self._more():
            pass
        body, self.data = self.data, b""
        return body, True

    def request(self):
        line = self._line()
        fields = self._fields() if line is not None else None
        if fields is None:
            return None
        method, target, _ = line.decode("latin-1").split(" ")
        if b"100-continue" in fields.get(b"expect", b""):
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, complete = self._body(fields, False)
        return Message(method=method, target=target, body=body, complete=complete)

    def response(self):
        line = self._line()
        fields = self._fields() if line is not None else None
        if fields is None:
            return None
        word = line.split(b" ")[1]
        status = int(word) if word.isdigit() else 0  # HAProxy passes some on that are no numbers
        if 100 <= status < 200 and status != 101:
            return self.response()
        if status in (101, 204, 304):
            return Message(status=status)
        body, complete = self._body(fields, True)
        return Message(status=status, body=body, complete=complete)


class Origin:
    """Answers every request with 200, or with the bytes it was given, and closes then."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._seen = []
        self._answer = None
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def forget(self):
        with self._lock:
            self._seen = []

    def seen(self):
        """The complete requests that are no marker, and the marker as the method it is."""
        with self._lock:
            return list(self._seen)

    def answer_with(self, data):
        with self._lock:
            self._answer = data

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        reader = Reader(sock)
        with sock:
            try:
                while (request := reader.request()) and request.complete:
                    with self._lock:
                        self._seen.append(request)
                        answer = self._answer
                    if answer is not None:
                        sock.sendall(answer)
                        return
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except OSError:
                return


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Peer:
    program = ""

    def __init__(self, folder, origin_port):
        self.name = self.program
        self.port = _free_port()
        config = pathlib.Path(folder) / f"{self.program}.conf"
        config.write_text(self.config(folder, origin_port))
        log = open(pathlib.Path(folder) / f"{self.program}.log", "wb")
        self._process = subprocess.Popen(self.command(folder, config), stdout=log, stderr=log)
        log.close()
        self._wait_for_port(folder)

    def _wait_for_port(self, folder):
        # A process that ends says why in its log; one that lives opens its port within a moment.
        for _ in range(START_SECONDS * 20):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                try:
                    self._process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
                break
        log = (pathlib.Path(folder) / f"{self.program}.log").read_text(errors="replace")
        raise SystemExit(f"http1_peers: {self.program} did not start:\n{log}")

    def stop(self):
        self._process.terminate()
        self._process.wait()


class Nginx(Peer):
    program = "nginx"

    def command(self, folder, config):
        return ["nginx", "-p", folder, "-c", str(config), "-e", f"{folder}/nginx-error.log"]

    def config(self, folder, origin_port):
        user = "user root;" if os.getuid() == 0 else ""
        temporary = "\n".join(f"  {kind}_temp_path {folder}/{kind};"
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
  access_log off;
{temporary}
  server {{
    listen 127.0.0.1:{self.port};
    location / {{
      proxy_pass http://127.0.0.1:{origin_port};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""


class HAProxy(Peer):
    program = "haproxy"

    def command(self, folder, config):
        return ["haproxy", "-q", "-f", str(config)]

    def config(self, folder, origin_port):
        return f"""
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
  option http-buffer-request
  retries 0
frontend in
  bind 127.0.0.1:{self.port}
  default_backend origin
backend origin
  http-reuse never
  server origin 127.0.0.1:{origin_port}
"""


def exchange(port, data):
    """Sends everything, reads the answers to the end or until it is quiet; their statuses."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.settimeout(QUIET_SECONDS)
        sock.sendall(data)
        reader = Reader(sock)
        statuses = []
        while (answer := reader.response()) is not None:
            statuses.append(answer.status)
        return statuses


def ask(port):
    """One GET; the answer, or None."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.settimeout(2)
        sock.sendall(b"GET /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        return Reader(sock).response()
