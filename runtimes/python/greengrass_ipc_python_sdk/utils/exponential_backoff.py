"""Calls a function again, ever later, until it succeeds."""
import functools
import random
import time


class RetryTimeoutException(Exception):
    """Gave up; the text is that of the last error."""


def retry(time_unit=1.0, multiplier=1, backoff_coefficient=2, max_delay=60, max_attempts=10,
          expiration_duration=300, enable_jitter=False):
    """Decorator. Between calls it waits multiplier * backoff_coefficient^n, at most max_delay,
    with jitter a random part of that. It gives up after max_attempts calls, or when the next wait
    would pass expiration_duration. All times count in time_unit seconds (0.001: milliseconds)."""

    def decorate(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            deadline = time.time() + expiration_duration * time_unit
            attempt = 0
            while True:
                attempt += 1
                try:
                    return function(*args, **kwargs)
                except Exception as error:
                    delay = min(multiplier * backoff_coefficient ** (attempt - 1), max_delay)
                    if enable_jitter:
                        delay *= random.uniform(0.5, 1)
                    delay *= time_unit
                    if attempt >= max_attempts or time.time() + delay > deadline:
                        raise RetryTimeoutException(str(error))
                    time.sleep(delay)
        return call
    return decorate
