"""What isolation this machine has for functions, and the settings of one by it."""

import functools
import json
import os
import tempfile

from . import processes
from .processes import BIN

JAIL = BIN / "evergrass-jail"
NOBODY = 65534


@functools.lru_cache(maxsize=1)
def probe():
    """What `evergrass-jail probe` says."""
    with tempfile.TemporaryDirectory() as folder:
        return json.loads(processes.run(JAIL, "probe", folder, check=False).stdout)


def available():
    return probe()["isolated"]


def run_as():
    """Nobody in particular, for a machine has no ggc_user as a rule; a tester who isn't root can
    be nobody else."""
    if os.geteuid() != 0:
        return {}
    number = NOBODY if available() else 0
    return {"RunAs": {"Uid": number, "Gid": number}}


def plain():
    """Of a function that needs what only the tester may read: no container, and the tester's ids.
    The core must allow functions to be root when he is."""
    run_as = {"RunAs": {"Uid": 0, "Gid": 0}} if os.geteuid() == 0 else {}
    return {"Environment": {"Execution": {"IsolationMode": "NoContainer", **run_as}}, "MemorySize": None}


def settings(memory_kb=131072):
    """Of a function's configuration: GreengrassContainer where it can be had."""
    if available():
        mode, memory = "GreengrassContainer", {"MemorySize": memory_kb}
    else:
        mode, memory = "NoContainer", {}
    return {"Environment": {"Execution": {"IsolationMode": mode, **run_as()}}, **memory}


def group_file_lines():
    """The same as fields of a function in a group file."""
    of = settings()
    execution = of["Environment"]["Execution"]
    run_as = execution.get("RunAs", {})
    words = {
        "isolation": execution["IsolationMode"],
        "uid": run_as.get("Uid"),
        "gid": run_as.get("Gid"),
        "memoryKb": of.get("MemorySize"),
    }
    return "".join(f"    {word}: {value}\n" for word, value in words.items() if value is not None)
