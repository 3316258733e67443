"""A gate at which functions stop until the test lets them go on. It is a port of this host, for a
function in a container shares the network and nothing else with the test."""

import json
import socket

from . import waiting

# For functions: stops at the gate of this port and gives the word that the test let it go with.
PYTHON = """
import json, os, socket, uuid

WORKER = uuid.uuid4().hex


def stop_at(port, **told):
    told['worker'] = WORKER
    with socket.create_connection(('127.0.0.1', port)) as gate:
        gate.sendall(json.dumps(told).encode() + b'\\n')
        return gate.makefile().readline().strip()
"""


class Visitor:
    """One that stands at the gate; `told` is what it said."""

    def __init__(self, connection):
        self._connection = connection
        self._file = connection.makefile()
        self.told = json.loads(self._file.readline())

    def let_go(self, word="go"):
        self._connection.sendall(word.encode() + b"\n")
        self.close()

    def wait_for_end(self):
        """Until its process, and all that has the connection from it, has ended."""
        try:
            rest = self._file.read()
        except TimeoutError:
            raise AssertionError(f"{self.told} does not end") from None
        except ConnectionResetError:
            rest = ""
        assert rest == "", f"{self.told} said {rest!r} in place of its end"
        self.close()

    def line(self):
        """What it says next."""
        return self._file.readline().strip()

    def close(self):
        self._file.close()
        self._connection.close()


class Gate:
    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.settimeout(waiting.HANG)
        self.port = self._listener.getsockname()[1]
        self._visitors = []

    def next(self):
        """Who comes next; waits for it."""
        try:
            connection, _ = self._listener.accept()
        except TimeoutError:
            raise AssertionError("nobody comes to the gate") from None
        connection.settimeout(waiting.HANG)
        self._visitors.append(Visitor(connection))
        return self._visitors[-1]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        """Whoever stands there still goes on without a word."""
        self._listener.close()
        for visitor in self._visitors:
            visitor.close()
