"""`evergrass-cloud` run by hand, so that it can be killed and started again at the same place."""

import json
import threading
from pathlib import Path

from . import processes, waiting
from .ports import free_port
from .processes import BIN, Process
from .system import Endpoints

PROGRAM = BIN / "evergrass-cloud"


class Cloud:
    """The service on a folder; the same ports and keys at every start.

    `store`: the URL of a database that nobody has used. `like`: another one whose store it shares."""

    wrap = ()  # words before the command, by which it runs somewhere else
    postgres = None  # a harness.postgres.Postgres: whoever names no store has a database there

    def __init__(self, folder, *arguments, store=None, like=None):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self._ready = self.folder / "ready.json"
        self._ports = {
            name: free_port() for name in ("--api-port", "--http-port", "--mqtt-port",
                                           "--iot-https-port")
        }  # fmt: skip
        self._arguments = arguments
        self.process = None
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store, self.keys = [], None
        if store is None and like is None and self.postgres is not None:
            store = self.postgres.new_database()
        if like is not None:
            self.store, self.keys = like.store, like.keys
        elif store is not None:
            self.store = ["--store", store, "--master-key", self.data / "master.key"]
        if self.keys is None:
            made = processes.run(PROGRAM, "keys", "create", "--data", self.data, "--json", *self.store)
            self.keys = json.loads(made.stdout)

    def start(self):
        self.begin()
        return self.wait_until_ready()

    def begin(self):
        self._ready.unlink(missing_ok=True)
        ports = [part for name, port in self._ports.items() for part in (name, str(port))]
        self.process = Process(
            *self.wrap, PROGRAM, "--data", self.data, "--ready-file", self._ready, *ports, *self.store,
            *self._arguments,
        )  # fmt: skip

    def wait_until_ready(self):
        waiting.until(
            lambda: f"the service is ready: {self.process}",
            lambda: self._ready.exists() or not self.process.running(),
        )
        assert self._ready.exists(), f"{self.process} ended with {self.process.wait()}"
        return self

    @property
    def api_http(self):
        """Known before it is served."""
        return f"http://127.0.0.1:{self._ports['--http-port']}"

    @property
    def endpoints(self):
        file = self.folder / "endpoints.json"
        text = json.dumps({**json.loads(self._ready.read_text()), **self.keys})
        if not file.exists() or file.read_text() != text:  # written once, as disks may be full later
            own = file.with_suffix(f".{threading.get_ident()}")  # another thread may be reading
            own.write_text(text)
            own.replace(file)
        return Endpoints(file)

    def running(self):
        return self.process is not None and self.process.running()

    def kill(self):
        self.process.stop(processes.signal.SIGKILL)

    def __enter__(self):
        return self.start()

    def __exit__(self, failure, *unused):
        if self.running():
            status = self.process.stop()
            assert failure or status == 0, f"{self.process} ended with {status}"
        elif self.process and not self.process.was_awaited:
            raise AssertionError(f"{self.process} ended by itself with {self.process.wait()}")
