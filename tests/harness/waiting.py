"""Waiting for things that happen. A limit only guards against a hang; nothing is measured by it."""

import threading

HANG = 60.0  # seconds; far beyond anything that works, even under a loaded CI

_tick = threading.Event()  # never set: a wait that ends early is not wanted


def until(what, probe, limit=HANG, every=0.05):
    """The first true value of probe(). `what` says what did not happen: words, or what makes them."""
    left = limit
    while left > 0:
        if value := probe():
            return value
        _tick.wait(every)
        left -= every
    raise AssertionError(f"this did not happen: {what() if callable(what) else what}")
