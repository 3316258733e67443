"""Processes that a test starts: their output as lines, and proof that none is left."""

import ctypes
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

from . import waiting

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("EVERGRASS_BIN", ROOT / "build/release/bin"))


def clean_env(**more):
    """What a user's shell has; AWS_*, proxies' CA files and the like of this one stay out."""
    env = {
        "PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
    }
    env.update(more)
    return env


def adopt_orphans():
    """Daemons that detach become children of this process, so that descendants() sees them."""
    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def _stat(pid):
    """(state, parent) of a process, or None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1])


def descendants(root=None):
    """Every live process below `root` (this process unless told), zombies left out."""
    root = root or os.getpid()
    stats = {int(name): _stat(name) for name in os.listdir("/proc") if name.isdigit()}
    children = {}
    for pid, stat in stats.items():
        if stat:
            children.setdefault(stat[1], []).append(pid)
    found, open_ = [], [root]
    while open_:
        for pid in children.get(open_.pop(), []):
            open_.append(pid)
            if stats[pid][0] != "Z":
                found.append(pid)
    return found


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def program(pid):
    """The file that the process runs, by its last name."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def alive(pid):
    stat = _stat(pid)
    return stat is not None and stat[0] != "Z"


def of_directory(directory):
    """Descendants that have something to do with `directory`: by arguments, folder or open log."""
    text = str(directory)

    def belongs(pid):
        if text in command_line(pid):
            return True
        try:
            return os.readlink(f"/proc/{pid}/cwd").startswith(text)
        except OSError:
            return False

    return [pid for pid in descendants() if belongs(pid)]


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Process:
    """A program with its output read as it comes. Stops with the `with` block."""

    def __init__(self, *command, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.command = [str(part) for part in command]
        self._output = []
        self._more = threading.Condition()
        self._ended = False
        self.was_awaited = False  # its end, by the test
        self._child = subprocess.Popen(
            self.command,
            env=env or clean_env(),
            cwd=cwd,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            with self._more:
                self._output.append(line.decode(errors="replace").rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    @property
    def pid(self):
        return self._child.pid

    @property
    def lines(self):
        with self._more:
            return list(self._output)

    @property
    def output(self):
        return "\n".join(self.lines)

    def running(self):
        return self._child.poll() is None

    def wait_for_line(self, pattern, after=0):
        """The first match among the lines from number `after` on; fails when the output ends."""
        wanted = re.compile(pattern)
        position = after
        with self._more:
            while True:
                while position < len(self._output):
                    if match := wanted.search(self._output[position]):
                        return match
                    position += 1
                if self._ended:
                    raise AssertionError(f"{self} ended without a line like {pattern!r}")
                if not self._more.wait(waiting.HANG):
                    raise AssertionError(f"{self} prints no line like {pattern!r}")

    def send_signal(self, number):
        kill(self.pid, number)

    def wait(self):
        """The exit status; a negative number is the signal that ended it."""
        self.was_awaited = True
        try:
            status = self._child.wait(waiting.HANG)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self} does not end") from None
        self._reader.join(waiting.HANG)
        return status

    def stop(self, number=signal.SIGTERM):
        if self.running():
            self.send_signal(number)
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.running():
            self.send_signal(signal.SIGKILL)
            self._child.wait()

    def __repr__(self):
        shown = self.lines[-40:]
        return f"`{' '.join(self.command)}` with the output\n  " + "\n  ".join(shown) + "\n"


def run(*command, env=None, cwd=None, check=True, stdin=None, limit=waiting.HANG * 3):
    """Runs a command to its end: (status, stdout, stderr); `check` fails the test unless 0."""
    command = [str(part) for part in command]
    done = subprocess.run(
        command,
        env=env or clean_env(),
        cwd=cwd,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=limit,
    )
    if check and done.returncode != 0:
        raise AssertionError(
            f"`{' '.join(command)}` ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
    return done
