"""A network of its own for each of some programs: namespaces on one bridge, whose cables can be pulled.

Unlike a proxy that closes connections, a cable that is pulled says nothing: what was sent just goes nowhere."""

import contextlib
import ctypes
import os
import subprocess
import threading

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, text=True)


def missing_right():
    """Why there can be none here, or None."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    name = f"egt{os.getpid()}"
    try:
        _ip("netns", "add", name)
        _ip("link", "add", name, "type", "bridge")
    except (OSError, subprocess.CalledProcessError) as refused:
        return f"this machine makes no network namespaces or bridges: {getattr(refused, 'stderr', refused)}"
    finally:
        for what in (("link", "del", name), ("netns", "del", name)):
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                _ip(*what)
    return None


class Network:
    """The bridge, which is also this host's end: `address`. `with` takes all of it away."""

    def __init__(self):
        self._name = f"eg{os.getpid()}"
        self._subnet = f"10.213.{os.getpid() % 250 + 1}"
        self.address = f"{self._subnet}.1"
        self._places = []

    def __enter__(self):
        _ip("link", "add", self._name, "type", "bridge")
        _ip("addr", "add", f"{self.address}/24", "dev", self._name)
        _ip("link", "set", self._name, "up")
        return self

    def place(self):
        """One more namespace on the bridge."""
        number = len(self._places) + 1
        made = Place(f"{self._name}-{number}", f"{self._name}v{number}", f"{self._subnet}.{number + 1}")
        self._places.append(made)
        _ip("netns", "add", made.name)
        _ip("link", "add", made.cable, "type", "veth", "peer", "name", "eth0", "netns", made.name)
        _ip("link", "set", made.cable, "master", self._name)
        made.mend()
        for words in (
            ("addr", "add", f"{made.address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            made.ip(*words)
        return made

    def __exit__(self, *unused):
        for each in self._places:
            # By itself it would go with the namespace, which is some time later.
            _ip("link", "del", each.cable)
            _ip("netns", "del", each.name)
        _ip("link", "del", self._name)


class Place:
    """A namespace, its address there, and its cable to the bridge."""

    def __init__(self, name, cable, address):
        self.name, self.cable, self.address = name, cable, address
        self.wrap = ["ip", "netns", "exec", name]  # before a command that is to run there

    def ip(self, *words):
        """The command ip, of this place."""
        _ip("-n", self.name, *words)

    def pull(self):
        _ip("link", "set", self.cable, "down")

    def mend(self):
        _ip("link", "set", self.cable, "up")

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread makes are of this place, and stay so."""
        back = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _enter(there)
            yield
        finally:
            _enter(back)
            os.close(there)
            os.close(back)


def _enter(namespace):
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
