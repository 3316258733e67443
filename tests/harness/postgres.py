"""A PostgreSQL server of a test's own, on a socket in a folder of /tmp."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from . import processes, waiting
from .processes import Process

NOBODY = 65534


def programs():
    """The folder of initdb and postgres, the newest that is installed; None without one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parent.parent.name))
    return found[-1].parent if found else None


class Postgres:
    """`with` starts it. Each commit is synced, as on a server that people use."""

    def __init__(self, address=""):
        """`address`: one of this host's where it listens too, at port 5432, for all of its /24."""
        self._address = address
        self.folder = Path(tempfile.mkdtemp(prefix="evergrass-pg-", dir="/tmp"))
        self._programs = programs()
        self._numbers = itertools.count(1)
        # PostgreSQL runs for nobody who is root.
        self._as = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.getuid() == 0 else []
        if self._as:
            os.chown(self.folder, NOBODY, NOBODY)
        processes.run(
            *self._as, self._programs / "initdb", "-D", self.folder / "data", "-U", "evergrass", "-A", "trust",
            "--locale=C", "-E", "UTF8", "-N", cwd="/",
        )  # fmt: skip
        if address:
            with open(self.folder / "data/pg_hba.conf", "a") as rules:
                rules.write(f"host all all {address}/24 trust\n")
        self.process = None

    def start(self):
        self.process = Process(
            *self._as, self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder,
            "-c", f"listen_addresses={self._address}", cwd="/",
        )  # fmt: skip
        self.process.wait_for_line("ready to accept connections")
        return self

    def crash(self):
        """All of its processes end at once; what was not on the disk is gone."""
        self.process.stop(signal.SIGQUIT)

    def ask(self, sql, database="postgres"):
        return processes.run(
            self._programs / "psql", "-h", self.folder, "-U", "evergrass", "-Atqc", sql, database
        ).stdout.strip()

    @contextlib.contextmanager
    def holding(self, lock, database):
        """A session that has an advisory lock, which others may have too."""
        command = [self._programs / "psql", "-h", self.folder, "-U", "evergrass", "-Atq", database]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
            session.stdin.write(f"SELECT 'held' FROM pg_advisory_lock_shared({lock});\n")
            session.stdin.flush()
            assert session.stdout.readline() == "held\n"
            yield

    def dump(self, url):
        """All that the database has, as text; bytes are in hex."""
        return processes.run(self._programs / "pg_dump", url).stdout.encode()

    def new_database(self):
        """The URL of a database that nobody has used."""
        name = f"test{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name):
        return f"postgresql:///{name}?host={self.folder}&user=evergrass"

    def _processes(self):
        return [pid for pid in processes.of_directory(self.folder) if processes.program(pid) == "postgres"]

    def __enter__(self):
        return self.start()

    def __exit__(self, *unused):
        if self.process.running():
            self.crash()
        waiting.until("PostgreSQL's processes end", lambda: not self._processes())
        shutil.rmtree(self.folder)
