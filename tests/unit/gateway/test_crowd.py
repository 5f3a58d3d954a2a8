"""The connections of a door: who has to go."""

import pytest

from event_processor.gateway.crowd import Crowd
from event_processor.testing import ManualClock


class Someone:
    """A connection."""

    def __init__(self, crowd: Crowd) -> None:
        self.waiting_bytes, self.is_gone = 0, False
        crowd.join(self)

    def abort(self) -> None:
        """See Member."""
        assert not self.is_gone, "nobody goes twice"
        self.is_gone = True


@pytest.fixture
def clock() -> ManualClock:
    """The time."""
    return ManualClock()


@pytest.fixture
def crowd(clock: ManualClock) -> Crowd:
    """Of three connections at most, and a thousand bytes."""
    return Crowd(3, 1000, clock.monotonic)


def test_whoever_is_late_goes_after_ten_seconds(crowd: Crowd, clock: ManualClock) -> None:
    """Counted from when it began, however often it brings a little; whoever has brought it all stays."""
    slow, done, idle = Someone(crowd), Someone(crowd), Someone(crowd)
    crowd.late(slow)
    crowd.late(done)
    crowd.idle(idle)
    clock.advance(6)
    crowd.late(slow, 10)
    crowd.done(done)
    crowd.sweep()
    assert not slow.is_gone

    clock.advance(5)
    crowd.sweep()
    assert (slow.is_gone, done.is_gone, idle.is_gone) == (True, False, False)


def test_one_too_many_takes_the_place_of_the_latest(crowd: Crowd) -> None:
    """First whoever keeps us waiting for longest, then whoever is idle for longest, and at last the new one itself."""
    busy, idle, late = Someone(crowd), Someone(crowd), Someone(crowd)
    crowd.late(late)
    crowd.idle(idle)
    others = [Someone(crowd)]
    assert (late.is_gone, idle.is_gone) == (True, False)

    others.append(Someone(crowd))
    assert idle.is_gone
    last = Someone(crowd)
    assert last.is_gone
    assert not any(each.is_gone for each in (busy, *others))


def test_heads_have_a_size_together(crowd: Crowd) -> None:
    """Whoever waits for longest makes room, and what has come in whole counts no more."""
    first, second, third = Someone(crowd), Someone(crowd), Someone(crowd)
    crowd.late(first, 600)
    crowd.done(first)
    crowd.late(second, 600)
    crowd.late(third, 300)
    assert not second.is_gone
    crowd.late(third, 500)

    assert (first.is_gone, second.is_gone, third.is_gone) == (False, True, False)
    crowd.late(first, 500)
    assert not first.is_gone
