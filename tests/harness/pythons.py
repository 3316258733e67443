"""The Python interpreters of this machine: those in PATH and pyenv's, shims apart."""

import os
from pathlib import Path

from . import processes

# What V1 had, then what its successors are.
VERSIONS = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")


def _is_program(path):
    if not path.is_file() or not os.access(path, os.X_OK):
        return False
    with path.open("rb") as file:
        return file.read(2) != b"#!"


def _runs(path):
    done = processes.run(path, "-c", "import ssl, json, socket", check=False)
    return done.returncode == 0


def _folders():
    yield from (Path(folder) for folder in processes.clean_env()["PATH"].split(":"))
    yield from (Path(folder) for folder in os.environ.get("PATH", "").split(":") if folder)
    yield from sorted(Path.home().glob(".pyenv/versions/*/bin"))


def find():
    """{"3.7": path}, of each version the first that runs."""
    found = {}
    for folder in _folders():
        for version in VERSIONS:
            path = folder / f"python{version}"
            if version not in found and _is_program(path) and _runs(path):
                found[version] = path
    return {version: found[version] for version in VERSIONS if version in found}

