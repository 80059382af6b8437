"""What is measured: nginx, Recloser, or any proxy given as a command; each with its settings."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess

from driver import processes

CLIENT_KEY = "rk-bench-0123456789abcdef0123456789abcdef"
PROVIDER_KEY = "sk-bench-provider-0123456789abcdef"
MODEL = "gpt-4o-mini"
# A virtual machine's usual limit; also what nginx pre-allocates connections for.
DESCRIPTORS_MAX = 20000

NGINX_CONF = """\
worker_processes 1;
daemon off;
master_process off;
error_log {folder}/error.log error;
pid {folder}/nginx.pid;
worker_rlimit_nofile {descriptors};
events {{ worker_connections {descriptors}; multi_accept on; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_timeout 600s;
  keepalive_requests 100000000;
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  tcp_nodelay on;
  upstream provider {{
    server 127.0.0.1:{provider_port};
    keepalive 1024;
    keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer {provider_key}";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }}
  }}
}}
"""

RECLOSER_YAML = """\
apiVersion: recloser.dev/v1alpha1
kind: Gateway
listen:
  - {listen}
admin:
  address: 127.0.0.1:{admin_port}
state:
  directory: state
  store: sqlite:recloser.db
workers: 1
auth:
  mode: keys
providers:
{providers}
models:
  {model}:
    streamUpstream: never
    targets:
{targets}
keys:
  - {{id: bench, secret: "{client_key}", org: bench, team: bench, models: ["*"]{budgets}}}
logging: {{level: warning, format: text}}
"""


# As a company has them, none of which a bench spends.
FOUR_BUDGETS = (", budget: [{usd: 100000, per: day, reserve: elastic}, "
                "{usd: 1000000, per: month, reserve: elastic}, "
                "{tokens: 1000000000000, per: day, reserve: elastic}, "
                "{requests: 1000000000000, per: day}]")


class Running:
    """A started subject. Use with `with`: it ends at the end of the block."""

    def __init__(self, child, port, folder):
        self.child = child
        self.pid = child.pid
        self.port = port
        self.folder = folder

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        processes.stop(self.child)


class Subject:
    def __init__(self, name, prepare):
        self.name = name
        self.prepare = prepare  # (folder, port, provider_port) -> command

    def start(self, folder, provider_port, *, core=None, urgent=0, wrap=()):
        """Starts it in an empty folder; `wrap` is a command to run it under (valgrind)."""
        folder = pathlib.Path(folder).resolve() / self.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        port = processes.free_port()
        command = [*wrap, *self.prepare(folder, port, provider_port)]
        log = folder / "output.txt"
        with open(log, "w", encoding="utf-8") as output:
            child = processes.start(command, core=core, urgent=urgent, cwd=folder,
                                    stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=subprocess.STDOUT)
        try:
            processes.wait_until_listening(port, child, self.name)
        except processes.BenchError as error:
            processes.stop(child)
            tail = log.read_text(errors="replace")[-2000:].strip()
            raise processes.BenchError(f"{error}; it said: {tail or 'nothing'}") from error
        return Running(child, port, folder)


def nginx():
    binary = shutil.which("nginx") or "/usr/sbin/nginx"

    def prepare(folder, port, provider_port):
        settings = folder / "nginx.conf"
        settings.write_text(NGINX_CONF.format(
            folder=folder, port=port, provider_port=provider_port, provider_key=PROVIDER_KEY,
            descriptors=DESCRIPTORS_MAX))
        return [binary, "-p", folder, "-e", folder / "error.log", "-c", settings]

    return Subject("nginx", prepare)


def recloser(binary, *, name="recloser", certificate=None, secure_provider=False, budgets=False,
             targets=1):
    """All `targets` of its model are the same provider by several names. With `certificate`, files
    of one and its key, it speaks HTTPS to clients; with `secure_provider` too, its provider is
    another Recloser that does."""
    binary = os.path.abspath(binary)
    if not os.path.exists(binary):
        raise processes.BenchError(
            f"{binary} is not built; run `cmake --preset release && ninja -C build/release`, "
            "or name another with --recloser FILE or --subject NAME=COMMAND")

    def prepare(folder, port, provider_port):
        listen = {"address": f"127.0.0.1:{port}"}
        provider = {"dialect": "openai", "baseUrl": f"http://127.0.0.1:{provider_port}/v1",
                    "apiKey": PROVIDER_KEY}
        if certificate:
            listen["tls"] = {"cert": str(certificate[0]), "key": str(certificate[1])}
        if secure_provider:
            provider |= {"baseUrl": f"https://127.0.0.1:{provider_port}/v1", "apiKey": CLIENT_KEY,
                         "tls": {"ca": str(certificate[0]), "serverName": "localhost"}}
        names = [f"bench-{number}" for number in range(1, targets + 1)]
        settings = folder / "recloser.yaml"
        settings.write_text(RECLOSER_YAML.format(
            listen=json.dumps(listen), model=MODEL,
            providers="\n".join(f"  {name}: {json.dumps(provider)}" for name in names),
            targets="\n".join(f"      - {{provider: {name}, model: {MODEL}}}" for name in names),
            admin_port=processes.free_port(), client_key=CLIENT_KEY,
            budgets=FOUR_BUDGETS if budgets else ""))
        return [binary, "serve", "--config", settings]

    return Subject(name, prepare)


def command(text):
    """`NAME=COMMAND`, with {port} and {provider_port} in the command."""
    name, separator, template = text.partition("=")
    if not name or not separator or "{port}" not in template or "{provider_port}" not in template:
        raise processes.BenchError(
            "--subject is NAME=COMMAND with {port} and {provider_port} in the command; "
            f"you wrote {text}")

    def prepare(folder, port, provider_port):
        return shlex.split(template.format(port=port, provider_port=provider_port, folder=folder))

    return Subject(name, prepare)
