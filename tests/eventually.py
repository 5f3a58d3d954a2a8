"""Waits for a condition, never for a time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_in_vain: list[Callable[[], object]] = []


@contextmanager
def unless(look: Callable[[], object]) -> Iterator[None]:
    """Within, `eventually` fails with what `look` finds as soon as it finds something: waiting on would be in vain."""
    _in_vain.append(look)
    try:
        yield
    finally:
        _in_vain.remove(look)


def eventually(look: Callable[[], T], what: str = "", seconds: float = 60.0) -> T:
    """The first true value that `look` returns. Fails, with the last value and `what`, when none came in time.

    The deadline only bounds a failure: it is generous, for machines four times slower than this one and busy.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        for why in _in_vain:
            assert not (reason := why()), f"in vain: {what or look}; {reason!r}"
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or look}; last: {found!r}"
        time.sleep(0.03)  # between looks; a look may be an HTTP request
    return found
