"""The way from a core to the service, which a test can cut, mend and slow down: TCP through this process."""

import contextlib
import queue
import socket
import threading
import time

_AT_ONCE = 64 * 1024  # bytes that are carried together
_ON_THE_WAY = 1024  # of those, at most, in one direction


def _connect(target):
    if isinstance(target, int):
        return socket.create_connection(("127.0.0.1", target))
    local = socket.socket(socket.AF_UNIX)
    local.connect(str(target))
    return local


class Cable:
    """Listens on `port` and carries bytes to a port of this host, or to the socket at a path. `with` closes it.

    What comes leaves `delay` seconds later, which may be changed at any time: half of a round trip."""

    def __init__(self, target, delay=0.0):
        self.delay = delay
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
            except OSError:  # nobody is there now
                near.close()
                continue
            for end in (near, far) if isinstance(self._target, int) else (near,):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if self._whole:
                    self._open |= {near, far}
                    for pair in ((near, far), (far, near)):
                        way = queue.Queue(_ON_THE_WAY)
                        for step in (self._take, self._bring):
                            threading.Thread(target=step, args=(*pair, way), daemon=True).start()
                    continue
            near.close()
            far.close()

    def _take(self, source, _target, way):
        with contextlib.suppress(OSError):
            while data := source.recv(_AT_ONCE):
                way.put((time.monotonic() + self.delay, data))
        way.put((time.monotonic() + self.delay, b""))

    def _bring(self, source, target, way):
        with contextlib.suppress(OSError):
            while True:
                due, data = way.get()
                if (early := due - time.monotonic()) > 0:
                    time.sleep(early)
                if not data:
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= {source, target}
        while data:  # who takes must not wait for room
            _, data = way.get()

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
