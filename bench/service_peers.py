"""What ./dev bench service measures beside the service: nginx and moto's server, where there are such."""

import os
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import boto3
from harness import processes, waiting
from harness.ports import free_port
from harness.processes import Process

# Where requests go and who signs them, as harness.system.Endpoints has these.
Door = namedtuple("Door", "api access_key_id secret_access_key region")


class Nginx:
    """A TLS server that hands out files, or nothing where it is not installed."""

    def __init__(self, folder, load, cert, key):
        self._folder, self._load, self._port = Path(folder, "nginx"), load, free_port()
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
        self._server = None
        if not program:
            return
        self._folder.mkdir()
        (self._folder / "nginx.conf").write_text(
            f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; worker_processes 1;\n"
            f"error_log {self._folder}/error.log; pid {self._folder}/pid;\n"
            "events {}\n"
            f"http {{ access_log off; keepalive_requests 100000000; server {{ listen 127.0.0.1:{self._port} ssl;\n"
            f"  ssl_certificate {cert}; ssl_certificate_key {key}; root {self._folder}; }} }}\n"
        )
        self._server = Process(program, "-p", self._folder, "-c", self._folder / "nginx.conf")
        waiting.until("nginx listens", lambda: (self._folder / "pid").exists())

    def rate(self, size):
        """Requests/s for a file of so many bytes, as Table.add() has a peer; None without nginx."""
        if self._server is None:
            return None
        (self._folder / "answer").write_bytes(b"x" * size)
        run = self._load.run(self._server.pid, f"https://127.0.0.1:{self._port}/answer")
        return run.rate, f"nginx with a file of {size} bytes"

    def stop(self):
        if self._server is not None:
            self._server.stop()


# As its command does it, without a line of log for each request, which would only cost it time.
SILENT_MOTO = """
import logging, sys
logging.getLogger("werkzeug").setLevel(logging.ERROR)
from moto.server import main
main(sys.argv[1:])
"""


class Moto:
    """moto's server by an interpreter that has it. With `cert` and `key` it speaks TLS."""

    def __init__(self, python, cert=None, key=None):
        port = free_port()
        tls = ["-c", cert, "-k", key] if cert else []
        self.door = Door(f"http{'s' if cert else ''}://127.0.0.1:{port}", "AKIDBENCH", "secret", "us-east-1")
        self.spoken = "TLS" if cert else "plain HTTP"
        self._server = Process(python, "-c", SILENT_MOTO, "-H", "127.0.0.1", "-p", port, *tls)

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        waiting.until(
            lambda: f"moto's server listens: {self._server}", lambda: listens() or not self._server.running()
        )
        if not self._server.running():
            raise SystemExit(f"--moto: no server by {python}; `{python} -m pip install 'moto[server]'` installs it:"
                             f"\n{self._server.output}")  # fmt: skip
        self.greengrass = boto3.session.Session(
            self.door.access_key_id, self.door.secret_access_key, region_name=self.door.region
        ).client("greengrass", endpoint_url=self.door.api, verify=str(cert) if cert else None)

    @property
    def pid(self):
        return self._server.pid

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._server.stop(processes.signal.SIGKILL)
