"""Debian's avahi-daemon, with a system bus of its own, in a place of harness.network."""

import shutil
import subprocess

from . import processes, waiting

_PROGRAMS = {"avahi-daemon": "avahi-daemon", "avahi-browse": "avahi-utils", "dbus-daemon": "dbus"}
_PATH = processes.clean_env()["PATH"]


def missing():
    """The packages that are not installed."""
    return [package for program, package in _PROGRAMS.items() if not shutil.which(program, path=_PATH)]


# What avahi-daemon asks of the bus, for whoever may connect to it: nobody but this place's.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_destination="*" eavesdrop="false"/>
    <allow receive_sender="*" eavesdrop="false"/>
  </policy>
</busconfig>
"""

_DAEMON = """[server]
host-name={name}
use-ipv6=no
allow-interfaces=eth0
[wide-area]
enable-wide-area=no
"""

# /run and the folder of services are the daemon's alone: another may run on this host.
_START = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount --bind "$1" /etc/avahi/services
mkdir -p /run/avahi-daemon
exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "$2"
"""


class Avahi:
    """A daemon in the place, which announces what is in `services`; `env` is for its clients."""

    def __init__(self, folder, place, services):
        self._folder, self._place, self._services = folder, place, services
        self._socket = folder / "bus"
        self.env = processes.clean_env(DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={self._socket}")
        folder.mkdir()
        (folder / "bus.conf").write_text(_BUS.format(socket=self._socket))
        (folder / "avahi.conf").write_text(_DAEMON.format(name=place.name))

    def __enter__(self):
        wrap = self._place.wrap
        self._bus = processes.Process(*wrap, "dbus-daemon", f"--config-file={self._folder}/bus.conf", "--nofork")
        waiting.until(lambda: f"the bus is there: {self._bus}", self._socket.exists)
        self._daemon = processes.Process(
            *wrap, "unshare", "-m", "sh", "-c", _START, "sh", self._services, self._folder / "avahi.conf", env=self.env
        )
        self._daemon.wait_for_line("Server startup complete")
        return self

    def run(self, *command, check=True):
        """A client of this daemon, in its place."""
        return processes.run(*self._place.wrap, *command, env=self.env, check=check)

    def __exit__(self, *unused):
        for each in (self._daemon, self._bus):
            each.stop()
