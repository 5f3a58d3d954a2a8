"""When something is missing, and how far the stream is known: nothing that has arrived is ever called silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_processor.monitoring.silence import Arrival, Deadlines, Tide
from event_processor.testing import ManualClock

SHARDS = ("shard-0", "shard-1")


def arrivals(*ends: int, seconds: int = 60, late: float = 5.0) -> Arrival:
    """Buckets that end then, each so much late."""
    arrival = Arrival()
    for end in ends:
        arrival.saw(end - seconds, seconds, end + late)
    return arrival


@pytest.mark.parametrize(
    ("ends", "seconds", "by"),
    [
        ((60, 120), 60, None),
        ((60, 120, 180), 60, 180 + 60 + 5 + 30),
        ((3600, 7200, 10_800), 3600, 10_800 + 3600 + 5 + 1800),
        ((86_400, 172_800, 259_200), 86_400, 259_200 + 86_400 + 5 + 3600),
    ],
)
def test_what_came_tells_when_the_next_is_due(ends: tuple[int, ...], seconds: int, by: float | None) -> None:
    """A minute is missed after seconds, a day after an hour; of what was seen twice nothing is expected."""
    assert arrivals(*ends, seconds=seconds).expected_by == by


def test_a_pause_each_night_is_no_silence() -> None:
    """A series that pauses longer than its buckets is expected after the longest pause of late, not after a minute."""
    arrival = arrivals(*range(60, 600, 60), 8 * 3600, *range(8 * 3600 + 60, 8 * 3600 + 600, 60))
    assert arrival.expected_by is not None
    assert arrival.expected_by > arrival.until + 3 * 3600


def test_a_late_bucket_is_not_the_newest() -> None:
    """What comes late, or again, moves no deadline."""
    arrival = arrivals(60, 120, 180)
    before = arrival.state()
    assert not arrival.saw(60, 60, 400.0)
    assert arrival.state() == before
    assert Arrival.restore(before) == arrival


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 100)), max_size=40), st.floats(0, 150))
def test_deadlines_find_exactly_what_is_due(moves: list[tuple[int, float]], now: float) -> None:
    """Whatever moves, however often: all whose time is up are found, once, and no others."""
    current: dict[int, float] = {}
    deadlines = Deadlines[int](current.get)
    for key, deadline in moves:
        current[key] = max(deadline, current.get(key, 0.0))  # a deadline moves on, never back
        deadlines.watch(key)
    found = deadlines.due(now)
    assert sorted(found) == sorted(key for key, deadline in current.items() if deadline <= now)
    assert deadlines.due(now) == []


def test_the_tide_waits_for_all_shards() -> None:
    """After a start nothing is missing before every shard was read: what it misses may be in the other."""
    clock = ManualClock()
    tide = Tide(clock)
    tide.shards_seen(2, 0, 86_400.0)
    tide.lag("shard-0", 0)
    assert tide.until is None
    tide.lag("shard-1", 5_000)
    assert tide.until == clock.now().timestamp() - 5
    tide.shards_seen(1, 0, 86_400.0)
    tide.ended("shard-1")
    assert tide.until == clock.now().timestamp()


def test_what_is_read_and_not_judged_holds_the_tide_back() -> None:
    """A backlog that was read in a second is not missing while it is being judged."""
    clock = ManualClock()
    tide = Tide(clock)
    tide.shards_seen(1, 0, 86_400.0)
    tide.lag("shard-0", 0)
    start = tide.until
    for _ in range(3):
        clock.advance(1.0)
        tide.read("shard-0", 100, 1000, 0.01)
        tide.lag("shard-0", 0)
    assert tide.until == start
    tide.judged("shard-0")
    tide.judged("shard-0")
    assert tide.until == start
    tide.judged("shard-0")
    assert tide.until == clock.now().timestamp()
    clock.advance(1.0)
    tide.read("shard-0", 0, 0, 0.01)
    tide.lag("shard-0", 0)
    assert tide.until == clock.now().timestamp()


def test_a_first_bucket_of_1970_does_not_put_silence_off() -> None:
    """A producer's time of zero, once, is no pause that a series makes."""
    arrival, now = Arrival(), 1_795_392_000
    arrival.saw(0, 60, 60.0)
    for number in range(4):
        arrival.saw(now + number * 60, 60, now + number * 60 + 61.0)

    assert arrival.expected_by is not None
    assert arrival.expected_by < now + 600
