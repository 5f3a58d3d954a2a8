"""Who is to blame when a stream refuses records together."""

import random
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_processor.publishing.lanes import Lane, Load
from event_processor.publishing.publisher import Backoff, Publisher
from event_processor.publishing.stream import Acknowledged, Record, Refused
from event_processor.publishing.suspects import Suspects

LIMIT = 1000
BLAMED = Refused("InvalidArgumentException", blames_record=True)


class Stream:
    """Refuses a whole call, or single entries, for each record that holds one of `bad`, or for everything."""

    def __init__(self, bad: set[bytes], whole: bool) -> None:
        self.bad, self.whole, self.everything = bad, whole, False
        self.stored: list[bytes] = []
        self.calls = 0

    def send(self, publisher: Publisher, now: float) -> list[bytes]:
        """Send the next wave; the records that the publisher gave up."""
        wave = publisher.next_wave(now)
        if wave is None:
            return []
        self.calls += 1
        bad = [self.everything or record.data in self.bad for record in wave.records]
        if self.whole and any(bad):
            unfit = publisher.blame(wave.lanes, True, LIMIT, now)
        else:
            good = [record.data for record, is_bad in zip(wave.records, bad, strict=True) if not is_bad]
            self.stored += good
            numbers = iter(range(len(self.stored) - len(good), len(self.stored)))
            answers = [BLAMED if is_bad else Acknowledged("shard", next(numbers)) for is_bad in bad]
            outcome = publisher.settle(wave, answers, now)
            unfit = publisher.blame(outcome.blamed, False, LIMIT, now) if outcome.blamed else []
        for found in unfit:
            publisher.skip(found.lane)
        return [found.record.data for found in unfit]


def publisher_of(lanes: int, events: int) -> Publisher:
    """So many lanes of so many records, `lane-event` each."""
    made = Publisher(random.Random(1).random, Backoff(0.01, 0.1))
    for lane in range(lanes):
        made.admit(lane, [Record("k", f"{lane}-{event}".encode(), "new_process", event) for event in range(events)])
    return made


def run(stream: Stream, publisher: Publisher, steps: int, others_until: int = 0) -> list[bytes]:
    """What the publisher gave up until it was through; other records come until it gave up so many."""
    given_up: list[bytes] = []
    now = 0.0
    for step in range(steps):
        if len(given_up) < others_until:
            publisher.admit(f"other-{step}", [Record("k", b"other", "new_process", 0)])
        if not len(publisher):
            break
        given_up += stream.send(publisher, now)
        now = max(now, publisher.ready_at(now) or now)
    return given_up


@settings(deadline=None)
@given(st.booleans(), st.sets(st.tuples(st.integers(0, 11), st.integers(0, 3)), max_size=6))
def test_only_those_to_blame_are_given_up(whole: bool, bad: set[tuple[int, int]]) -> None:
    """Whichever records a stream refuses, all others are stored, each lane in order, and only the refused given up."""
    refused = {f"{lane}-{event}".encode() for lane, event in bad}
    stream, publisher = Stream(refused, whole), publisher_of(14, 4)

    given_up = run(stream, publisher, 5000, others_until=len(refused))

    assert sorted(given_up) == sorted(refused)
    assert len(publisher) == 0
    for lane in range(14):
        expected = [f"{lane}-{event}".encode() for event in range(4)]
        assert [data for data in stream.stored if data in expected] == [d for d in expected if d not in refused]


def test_one_of_five_hundred_is_found_in_few_calls() -> None:
    """A single bad record in a full call costs some twenty calls, not five hundred."""
    stream, publisher = Stream({b"321-0"}, whole=True), publisher_of(500, 1)

    assert run(stream, publisher, 200, others_until=1) == [b"321-0"]
    assert len([data for data in stream.stored if data != b"other"]) == 499
    assert stream.calls < 60


@pytest.mark.parametrize("whole", [True, False])
def test_nothing_is_given_up_while_nothing_passes(whole: bool) -> None:
    """When the stream refuses everything, no record is to blame: all wait, and go on when it takes them again."""
    stream, publisher = Stream(set(), whole), publisher_of(50, 2)
    stream.everything = True
    assert run(stream, publisher, 2000) == []
    assert len(publisher) == 50

    stream.everything = False
    assert run(stream, publisher, 5000) == []
    assert len(stream.stored) == 100


def test_what_is_over_the_limit_needs_no_proof() -> None:
    """Records over the limit are given up at once, alone or not, and the others of the call go on."""
    publisher = publisher_of(3, 1)
    publisher.admit("large", [Record("k", bytes(LIMIT), "new_process", 0), Record("k", b"l-1", "new_process", 1)])
    stream = Stream({bytes(LIMIT)}, whole=True)

    assert run(stream, publisher, 3) == [bytes(LIMIT)]
    assert sorted(stream.stored) == [b"0-0", b"1-0", b"2-0", b"l-1"]
    assert stream.calls == 2


def test_without_the_limit_nothing_is_given_up() -> None:
    """While nobody can say what the limit is, a refused record is sent again, however large, apart from the others."""
    publisher = publisher_of(2, 1)
    publisher.admit("large", [Record("k", bytes(LIMIT), "new_process", 0)])
    now = 0.0
    stored = 0
    for _ in range(100):
        wave = publisher.next_wave(now)
        assert wave is not None
        if any(record.size_bytes > LIMIT for record in wave.records):
            assert publisher.blame(wave.lanes, True, None, now) == []
        else:
            stored += len(publisher.settle(wave, [Acknowledged("s", 1)] * len(wave.lanes), now).acknowledged)
        now = max(now, publisher.ready_at(now) or now)
    assert (stored, len(publisher)) == (2, 1)


def lane(key: str) -> Lane:
    """With one record."""
    return Lane(key, deque([Load(key, deque([Record("k", key.encode(), "new_process", 0)]))]))


def test_when_three_fail_alone_nobody_is_to_blame() -> None:
    """Three records refused alone in a row show that nothing passes: all that wait apart go again, accused no more."""
    suspects, lanes = Suspects(), [lane(key) for key in "abcdefgh"]
    suspects.part(lanes)
    for number in range(2):
        assert suspects.judge([lanes[number]], False, LIMIT).resting == [lanes[number]]
    assert len(suspects) == 2

    assert suspects.judge([lanes[2]], False, LIMIT).resting == [lanes[2], *lanes]

    assert (len(suspects), suspects.accused) == (0, {})
    suspects.part(lanes)
    for number in range(2):  # it takes three again
        suspects.judge([lanes[number]], False, LIMIT)
    assert len(suspects) == 2


def test_what_passes_alone_is_not_accused_any_more() -> None:
    """A record that was refused alone, and then taken alone, is innocent; taken in a call with others says nothing."""
    suspects, accused = Suspects(), lane("a")
    suspects.judge([accused], False, LIMIT)

    suspects.passed(["a", "b"])
    assert suspects.accused == {"a": 0}
    suspects.passed(["b"])
    assert suspects.accused == {"a": 0}
    suspects.passed(["a"])
    assert suspects.accused == {}


def test_what_follows_a_suspect_travels_alone_as_well() -> None:
    """The record behind one that was refused alone, and then taken, may be like it: it spoils no call of others."""
    publisher = publisher_of(1, 3)
    refused = publisher.next_wave(0.0)
    assert refused is not None
    publisher.blame(refused.lanes, False, LIMIT, 0.0)
    taken = publisher.next_wave(1.0)
    assert taken is not None
    publisher.settle(taken, [Acknowledged("shard", 1)], 1.0)
    publisher.admit("other", [Record("k", b"other", "new_process", 0)])

    following = publisher.next_wave(1.0)

    assert following is not None
    assert following.lanes == (0,)
