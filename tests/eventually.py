"""Waits for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], what: str = "", seconds: float = 60.0) -> T:
    """The first true value that `look` returns. Fails, with the last value and `what`, when none came in time.

    The deadline only bounds a failure: it is generous, for machines four times slower than this one and busy.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or look}; last: {found!r}"
        time.sleep(0.03)  # between looks; a look may be an HTTP request
    return found
