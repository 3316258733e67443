"""The core's unix socket: what `evergrass why` and monitoring ask."""

import http.client
import json
import os
import re
import socket


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("core", timeout=60)
        self._path = path

    def connect(self):
        folder = os.open(self._path.parent, os.O_PATH)
        try:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)


def path_of(core):
    return core.root / "ggc/var/run/admin.sock"


def ask(core, target, method="GET", body=None):
    """(status, text) of one request."""
    connection = _Connection(path_of(core))
    try:
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def status(core):
    code, text = ask(core, "/status")
    assert code == 200, text
    return json.loads(text)


def metrics(core):
    """{'name{label="value"}': number}, after checking that each line is one or a comment."""
    code, text = ask(core, "/metrics")
    assert code == 200, text
    samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            found = re.fullmatch(r'([a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})?) (\d+)', line)
            assert found, line
            assert found[1] not in samples, line
            samples[found[1]] = int(found[2])
    return samples
