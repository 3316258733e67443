"""Waits for work so that no signal is missed.

Python runs a signal's handler when the call it is in returns. A signal that comes after the last
look for one and before the system call would wait as long as the core has no work: SIGTERM would
seem to be ignored. So this waits for the connection and for what the signal writes.
"""
import os

from evergrass_runtime.start import _signal

# Others (gevent's, say) wait in their own ways, and let other work go on meanwhile.
_STOCK_SOCKETS = ('socket', '_socket')


class Idle(object):
    """For the main thread, whose signals these are."""

    def __init__(self):
        import select
        self._signaled, self._signals = os.pipe()
        for descriptor in (self._signaled, self._signals):
            _set_up(descriptor)
        self._poll = getattr(select, 'poll', None)
        self._both = getattr(select, 'POLLIN', None)

    def wait(self, connection):
        """Returns when there is something to read from the socket, or its end. Raises what a
        signal's handler does."""
        if self._poll is None or type(connection).__module__ not in _STOCK_SOCKETS:
            return
        # A function may want to know of signals itself: while it runs, its descriptor counts.
        before = _signal.set_wakeup_fd(self._signals)
        try:
            self._wait(connection.fileno())
        finally:
            _signal.set_wakeup_fd(before)

    def _wait(self, connection):
        poll = self._poll()
        poll.register(connection, self._both)
        poll.register(self._signaled, self._both)
        while connection not in [descriptor for descriptor, _ in poll.poll()]:
            os.read(self._signaled, 4096)  # the handler has been called


def _set_up(descriptor):
    """A full pipe must not stop a signal. A child of the function needs none of it."""
    if hasattr(os, 'set_blocking'):
        os.set_blocking(descriptor, False)  # and not inherited: os.pipe() sees to it
        return
    import fcntl
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_NONBLOCK)
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
