"""How a job that reads streams comes to its end, whatever its readers do."""

import threading
from collections.abc import Callable

import pytest

from event_processor.bootstrap.reading_job import outcomes
from event_processor.clock import SystemClock
from event_processor.telemetry.threads import Threads


def bug() -> str:
    """A reader that ends by a bug of ours."""
    raise KeyError("bug")


@pytest.fixture
def stop() -> threading.Event:
    """Set by what stops the readers."""
    return threading.Event()


def until(stop: threading.Event) -> Callable[[], str]:
    """A reader that works until it is stopped."""
    return lambda: "stopped" if stop.wait(60) else "never stopped"


def test_all_come_to_their_end(stop: threading.Event) -> None:
    """What each returns, when all have returned."""
    stop.set()
    found = outcomes(Threads(SystemClock()), {"one": until(stop), "two": lambda: "done"}, lambda: False)

    assert sorted(found) == ["done", "stopped"]


def test_one_that_hangs_holds_up_nobody(stop: threading.Event) -> None:
    """Once the time is up the process ends: what is missing says that something hangs."""
    assert outcomes(Threads(SystemClock()), {"one": until(stop)}, lambda: True) == []


def test_a_bug_in_one_is_raised_when_the_others_have_stopped(stop: threading.Event) -> None:
    """The others are stopped, so that what they have in hand is finished; then the process ends by the bug."""
    ended: list[str] = []

    def other() -> str:
        ended.append(until(stop)())
        return ended[0]

    with pytest.raises(KeyError, match="bug"):
        outcomes(Threads(SystemClock()), {"one": bug, "two": other}, lambda: False, failed=stop.set)
    assert ended == ["stopped"]
