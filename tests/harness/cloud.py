"""`evergrass-cloud` run by hand, so that it can be killed and started again at the same place."""

import json
from pathlib import Path

from . import processes, waiting
from .ports import free_port
from .processes import BIN, Process
from .system import Endpoints

PROGRAM = BIN / "evergrass-cloud"


class Cloud:
    """The service on a folder; the same ports, each from `new_port`, and keys at every start."""

    def __init__(self, folder, *arguments, new_port=free_port):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self._ready = self.folder / "ready.json"
        self._ports = {
            name: new_port() for name in ("--api-port", "--http-port", "--mqtt-port",
                                           "--iot-https-port")
        }  # fmt: skip
        self._arguments = arguments
        self.process = None
        self.folder.mkdir(parents=True, exist_ok=True)
        made = processes.run(PROGRAM, "keys", "create", "--data", self.data, "--json")
        self._keys = json.loads(made.stdout)

    def start(self):
        self._ready.unlink(missing_ok=True)
        ports = [part for name, port in self._ports.items() for part in (name, str(port))]
        self.process = Process(
            PROGRAM, "--data", self.data, "--ready-file", self._ready, *ports, *self._arguments
        )
        waiting.until(
            lambda: f"the service is ready: {self.process}",
            lambda: self._ready.exists() or not self.process.running(),
        )
        assert self._ready.exists(), f"{self.process} ended with {self.process.wait()}"
        return self

    @property
    def endpoints(self):
        file = self.folder / "endpoints.json"
        file.write_text(json.dumps({**json.loads(self._ready.read_text()), **self._keys}))
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
