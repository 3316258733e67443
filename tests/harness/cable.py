"""The way from a core to the service, which a test can cut and mend: TCP through this process."""

import contextlib
import socket
import threading


def _connect(target):
    if isinstance(target, int):
        return socket.create_connection(("127.0.0.1", target))
    local = socket.socket(socket.AF_UNIX)
    local.connect(str(target))
    return local


class Cable:
    """Listens on `port` and carries bytes to a port of this host, or to the socket at a path. `with` closes it."""

    def __init__(self, target):
        self._target = target
        self._lock = threading.Lock()
        self._whole = True
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = _connect(self._target)
            except OSError:  # nobody is there
                near.close()
                continue
            for end in (near, far) if isinstance(self._target, int) else (near,):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if self._whole:
                    self._open |= {near, far}
                    for pair in ((near, far), (far, near)):
                        threading.Thread(target=self._carry, args=pair, daemon=True).start()
                    continue
            near.close()
            far.close()

    def _carry(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= {source, target}

    def cut(self):
        """Ends what goes through, and whatever comes until mend()."""
        with self._lock:
            self._whole = False
            ends, self._open = self._open, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self):
        with self._lock:
            self._whole = True

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._listener.close()
        self.cut()
