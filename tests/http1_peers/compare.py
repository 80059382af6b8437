#!/usr/bin/env python3
"""Sends the same bytes to nginx, HAProxy and our parser, and compares what each took for a message.

usage: compare.py HTTP1_DRIVER

A request case is followed by a marker request: which messages reach the origin, with which bodies,
and whether the marker is among them, shows where each server saw the ends. A response case is what
the origin answers: what reaches the client shows the same. We may be stricter where deviations.py
says why, and nothing else; a peer that is not installed is left out with a message.
"""

import json
import shutil
import subprocess
import sys
import tempfile

from cases import REQUESTS, RESPONSES
from deviations import DEVIATIONS
from peers import HAProxy, Nginx, Origin, ask, exchange

MARKER = b"GET /marker HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def driver_lines(driver, arguments, data):
    run = subprocess.run([driver, *arguments], input=data, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def ours_of_request(driver, data):
    """The messages we would pass on, and whether we then refused."""
    messages, refused = [], None
    for line in driver_lines(driver, ["request"], data):
        if line["verdict"] == "accept":
            messages.append((line["method"], line["body"].encode("latin-1")))
        elif line["verdict"] == "refuse":
            refused = line["reason"]
    return messages, refused


def peer_of_request(peer, origin, data):
    origin.forget()
    statuses = exchange(peer.port, data)
    return [(r.method, r.body) for r in origin.seen()], statuses


def ours_of_response(driver, data):
    lines = driver_lines(driver, ["response"], data)
    if len(lines) == 1 and lines[0]["verdict"] == "accept":
        return lines[0]["status"], lines[0]["body"].encode("latin-1")
    return "refused", lines[-1].get("reason")


def peer_of_response(peer, origin, data):
    origin.answer_with(data)
    answer = ask(peer.port)
    origin.answer_with(None)
    if answer is None or not answer.complete or answer.status == 502:
        return "refused", None
    return answer.status, answer.body


class Report:
    def __init__(self):
        self.compared = self.same = 0
        self.used = set()
        self.findings = []

    def take(self, kind, peer, case, same, stricter, said):
        self.compared += 1
        key = (kind, peer.name, case)
        if same:
            self.same += 1
        elif stricter and key in DEVIATIONS:
            self.used.add(key)
        else:
            self.findings.append(f"{kind} {case}: {peer.name} and we differ: {said}")

    def finish(self, peers):
        names = {peer.name for peer in peers}
        for key in sorted(set(DEVIATIONS) - self.used):
            if key[1] in names:
                self.findings.append(f"{' '.join(key)}: in deviations.py, and does not differ")
        print(f"http1_peers: {self.compared} comparisons, {self.same} the same, "
              f"{len(self.used)} differ for a stated reason, {len(self.findings)} findings")
        for finding in self.findings:
            print("  " + finding)
        return 1 if self.findings else 0


def compare(driver, peers, origin):
    report = Report()
    for case, data in REQUESTS.items():
        ours, reason = ours_of_request(driver, data + MARKER)
        for peer in peers:
            theirs, statuses = peer_of_request(peer, origin, data + MARKER)
            said = f"we {ours} {reason or ''}, they {theirs} {statuses}"
            stricter = reason is not None and ours == theirs[:len(ours)]
            report.take("request", peer, case, ours == theirs, stricter, said)
    for case, data in RESPONSES.items():
        ours = ours_of_response(driver, data)
        for peer in peers:
            theirs = peer_of_response(peer, origin, data)
            same = ours == theirs or ours[0] == theirs[0] == "refused"
            stricter = ours[0] == "refused"
            report.take("response", peer, case, same, stricter, f"we {ours}, they {theirs}")
    return report.finish(peers)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="http1-peers-") as folder, Origin() as origin:
        peers = []
        try:
            for kind in (Nginx, HAProxy):
                if shutil.which(kind.program):
                    peers.append(kind(folder, origin.port))
                else:
                    print(f"http1_peers: {kind.program} is not installed; left out "
                          f"(apt-get install {kind.program})")
            return compare(sys.argv[1], peers, origin)
        finally:
            for peer in peers:
                peer.stop()


if __name__ == "__main__":
    sys.exit(main())
