"""Ports and loopback addresses for programs that must be told one."""

import itertools
import os
import random
import socket

_given = set()  # by free_port(), to this process


def free_port():
    """A port of loopback that nothing listens on, for settings that know no 0. It is below those that the system gives
    to clients (from 32768 on), so that none of them has it before the program that it is for begins, or while that is
    killed and started again. Other runs on this machine look for theirs elsewhere."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port


_numbers = itertools.count(1)


def loopback_address():
    """An address of 127/8 that no other test of this or another run uses."""
    number = os.getpid() * 16 + next(_numbers)
    return f"127.{1 + number // 250 // 250 % 250}.{1 + number // 250 % 250}.{1 + number % 250}"


def may_bind_443():
    lowest = int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read())
    return os.geteuid() == 0 or lowest <= 443
