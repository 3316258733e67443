"""Bytes between two sockets, in one thread: what speaks TLS must not be used by two at once."""

import contextlib
import select
import socket


def relay(near, far, look=lambda data: data):
    """Until either ends. `look(data)`: what goes on to `far` of what came from `near`."""
    with contextlib.suppress(OSError, ValueError):
        while True:
            waiting = hasattr(near, "pending") and near.pending()
            ready = [near] if waiting else select.select([near, far], [], [])[0]
            if near in ready:
                data = near.recv(65536)
                if not data:
                    return
                far.sendall(look(data))
            if far in ready:
                data = far.recv(65536)
                if not data:
                    return
                near.sendall(data)


def end(*sockets):
    """Also from another thread: the descriptor's connection ends, and TLS is left alone."""
    for one in sockets:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(one, socket.SHUT_RDWR)
