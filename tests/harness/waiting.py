"""Waiting for what shall come true."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_LOOK = 0.05


def wait_until(condition: Callable[[], T], seconds: float, what: str = "") -> T:
    """Return the first true answer of `condition`; fails with `what` was awaited after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or condition.__name__}; last: {answer!r}")
        time.sleep(_LOOK)
