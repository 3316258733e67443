"""An HTTP proxy that connects its clients to ports of this host, whatever they call it."""

import base64
import contextlib
import socket
import threading

from .relay import end, relay


class HttpProxy:
    """CONNECT with Basic authentication. `tls`: an ssl.SSLContext, for clients that speak TLS to it.
    `ports`: {"host:port": port of this host}, where it is another one."""

    def __init__(self, user, password, tls=None, ports=None):
        self._wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._tls = tls
        self._ports = ports or {}
        self.connected = []  # "host:port", in order
        self.hello = {}  # "host:port": what a client began with, as TLS's ClientHello
        self.refused = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        with contextlib.suppress(OSError):
            if self._tls:
                near = self._tls.wrap_socket(near, server_side=True)
            self._open.add(near)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = near.recv(1)
                if not byte:
                    return near.close()
                head += byte
            first, *fields = head.decode().split("\r\n")
            method, where, _ = first.split(" ")
            given = {name.lower(): value for name, _, value in (f.partition(": ") for f in fields)}
            if given.get("proxy-authorization") != self._wanted:
                self.refused += 1
                near.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                             b'Proxy-Authenticate: Basic realm="test"\r\nContent-Length: 0\r\n\r\n')  # fmt: skip
                return near.close()
            assert method == "CONNECT"
            port = self._ports.get(where) or int(where.rpartition(":")[2])
            far = socket.create_connection(("127.0.0.1", port))
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(far)
            self.connected.append(where)
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(near, far, lambda data: (self.hello.setdefault(where, data), data)[1])
            end(near, far)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._listener.close()
        end(*list(self._open))
