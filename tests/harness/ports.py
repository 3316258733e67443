"""Ports and loopback addresses for programs that must be told one."""

import itertools
import os
import random
import socket


def free_port(address="127.0.0.1"):
    """A port that nothing listens on at this moment, for settings that know no 0."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


_numbers = itertools.count(1)


def loopback_address():
    """An address of 127/8 that no other test of this or another run uses."""
    number = os.getpid() * 16 + next(_numbers)
    return f"127.{1 + number // 250 // 250 % 250}.{1 + number // 250 % 250}.{1 + number % 250}"


def may_bind_443():
    lowest = int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read())
    return os.geteuid() == 0 or lowest <= 443


def steady_port():
    """A free one below those that the system gives to clients (from 32768 on), so that none of them has it while the
    program that a test kills and starts again is away. Other runs on this machine look for theirs elsewhere."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
