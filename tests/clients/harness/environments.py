"""The environments of the clients: made once, and again when what they hold has changed."""

import hashlib
import os
import shutil
import subprocess
import sys

from harness.processes import HarnessError

STAMP = "made-of"
MANIFESTS = ("package.json", "package-lock.json", ".npmrc")
NODE_MAJOR_MIN = 18


def python_environment(requirements, folder):
    """A virtual environment with exactly `requirements`; gives its python."""
    python = folder / "bin/python"
    made_of = _digest(requirements, sys.version)
    if _is(folder, made_of):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    _run("Python's packages", [sys.executable, "-m", "venv", folder])
    _run("Python's packages", [python, "-m", "pip", "install", "--quiet", "--no-input",
                               "--requirement", requirements])
    (folder / STAMP).write_text(made_of)
    return python


def node_packages(manifest, folder):
    """The packages of `manifest`'s lock file below `folder`/node_modules."""
    modules = folder / "node_modules"
    made_of = _digest(manifest / "package-lock.json", _node_version())
    if _is(modules, made_of):
        return modules
    folder.mkdir(parents=True, exist_ok=True)
    if folder != manifest:
        for name in MANIFESTS:
            shutil.copyfile(manifest / name, folder / name)
    _run("Node's packages", ["npm", "ci", "--no-audit", "--no-fund", "--no-update-notifier"],
         folder)
    (modules / STAMP).write_text(made_of)
    return modules


def _node_version():
    if not (shutil.which("node") and shutil.which("npm")):
        raise HarnessError("node and npm are not here; install them: apt-get install nodejs npm")
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
    version = version.stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < NODE_MAJOR_MIN:
        raise HarnessError(f"node is {version}; the SDKs need {NODE_MAJOR_MIN} or newer")
    return version


def _digest(path, version):
    return hashlib.sha256(path.read_bytes() + version.encode()).hexdigest()


def _is(folder, made_of):
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == made_of


def _run(what, command, folder=None):
    command = [str(word) for word in command]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise HarnessError(f"{what} could not be installed; this needs the registry once.\n"
                           f"    {' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
