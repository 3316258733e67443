"""A nats-server of a test's own, with JetStream, in a folder of /tmp."""

import shutil
import signal
import tempfile
from pathlib import Path

from .ports import free_port
from .processes import Process

CLIENT_LIBRARIES = ("/usr/lib/*/libnats.so.3*", "/usr/local/lib/libnats.so*")


def program():
    """None where it, or the client library, is not installed."""
    found = shutil.which("nats-server", path="/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin")
    has_library = any(list(Path("/").glob(pattern[1:])) for pattern in CLIENT_LIBRARIES)
    return found if has_library else None


class Nats:
    """`with` starts it. The same port and stream at every start."""

    def __init__(self, address="127.0.0.1", *options):
        self._address, self._options = address, options
        self.folder = Path(tempfile.mkdtemp(prefix="evergrass-nats-", dir="/tmp"))
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        return f"nats://{self._address}:{self.port}"

    def start(self):
        self.process = Process(
            program(), "-a", self._address, "-p", self.port, "-js", "-sd", self.folder,
            *self._options, cwd="/"
        )
        self.process.wait_for_line("Server is ready")
        return self

    def kill(self):
        self.process.stop(signal.SIGKILL)

    def __enter__(self):
        return self.start()

    def __exit__(self, *unused):
        if self.process.running():
            self.process.stop()
        shutil.rmtree(self.folder)
