"""Pacing: submissions are due when the rate says, and each is handed out once."""

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise, repeat
from random import Random

import pytest

from sensor_fleet.pacing import Schedule, due_seconds


def _due(rate: float, count: int, pacing: str = "constant") -> list[float]:
    return list(islice(due_seconds(rate, "poisson" if pacing == "poisson" else "constant", Random(1)), count))


def test_constant_pacing_is_even() -> None:
    """At 10 a second a submission is due every tenth of a second, for ever without drift."""
    assert _due(10, 4) == [0.0, 0.1, 0.2, 0.3]
    assert _due(10, 100_001)[-1] == 10_000


def test_poisson_pacing_keeps_the_rate() -> None:
    """Independent arrivals are uneven and come to the rate asked for."""
    due = _due(50, 5_000, "poisson")
    gaps = [later - earlier for earlier, later in pairwise(due)]

    assert due[-1] == pytest.approx(100, rel=0.05)
    assert sum(gap < 1 / 50 for gap in gaps) / len(gaps) == pytest.approx(1 - 1 / 2.71828, abs=0.03)


def test_no_rate_is_no_waiting() -> None:
    """Rate 0 makes everything due at once."""
    assert _due(0, 3) == [0.0, 0.0, 0.0]


@pytest.fixture
def _restless_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless_threads")
def test_every_index_is_handed_out_once() -> None:
    """Threads share the work: nothing is sent by two of them, nothing is left over."""
    schedule = Schedule(repeat(0.0), 5_003, threading.Event())

    def take_all() -> list[int]:
        return [index for indices in iter(lambda: schedule.take(10), []) for index in indices]

    with ThreadPoolExecutor(4) as pool:
        taken = [index for indices in pool.map(lambda _: take_all(), range(4)) for index in indices]

    assert sorted(taken) == list(range(5_003))


def test_what_is_due_together_travels_together() -> None:
    """A batch holds what is due now, not what is due in a minute."""
    due: Iterator[float] = iter([0.0, 0.0, 0.0, 60.0, 60.0])

    assert Schedule(due, 4, threading.Event()).take(10) == [0, 1, 2]


def test_nothing_is_handed_out_early() -> None:
    """The first submission is waited for until it is due."""
    schedule = Schedule(iter([0.1, 60.0]), None, threading.Event())
    before = time.monotonic()

    assert schedule.take(10) == [0]
    assert time.monotonic() - before >= 0.09


def test_a_stop_ends_the_waiting() -> None:
    """A fleet told to stop does not wait for the next submission to fall due."""
    stop = threading.Event()
    schedule = Schedule(iter([60.0, 60.0]), None, stop)
    threading.Timer(0.01, stop.set).start()

    assert schedule.take(10) == []
