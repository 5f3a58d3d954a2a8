"""Lanes and waves, rule by rule. What any sequence of them comes to is in tests/property/test_publisher_machine.py."""

import pytest

from event_processor.publishing.lanes import Wave
from event_processor.publishing.publisher import PUT_RECORDS_MAX, PUT_RECORDS_MAX_BYTES, Backoff, Publisher
from event_processor.publishing.stream import Acknowledged, Answer, Record, Refused

THROTTLED = Refused("ProvisionedThroughputExceededException")


def lane(name: str, events: int, size_bytes: int = 10) -> list[Record]:
    """The records of a submission, each of so many bytes, key included."""
    return [Record(name, bytes(size_bytes - len(name)), "new_process", number) for number in range(events)]


def publisher(jitter: float = 1.0, max_records: int = 500, max_bytes: int = 10_000) -> Publisher:
    """A publisher whose jitter is always the same, so that waits are known."""
    return Publisher(lambda: jitter, Backoff(first_seconds=1, most_seconds=8), max_records, max_bytes)


def wave_of(publisher: Publisher, now: float = 0.0) -> Wave:
    """The next wave, which there must be."""
    wave = publisher.next_wave(now)
    assert wave is not None
    return wave


def stored(number: int, shard: int = 0) -> Acknowledged:
    """The acknowledgement of a record stored under this sequence number."""
    return Acknowledged(f"shardId-{shard:012}", number)


def heads(wave: Wave) -> dict[object, int]:
    """Which event of which lane is in a wave."""
    return {key: record.sequence for key, record in zip(wave.lanes, wave.records, strict=True)}


def test_one_record_of_each_lane() -> None:
    """A wave carries the heads of all lanes, one record each, in the order in which the lanes came."""
    waves = publisher()
    for name in "abc":
        waves.admit(name, lane(name, 3))

    wave = wave_of(waves)

    assert wave.lanes == ("a", "b", "c")
    assert [record.sequence for record in wave.records] == [0, 0, 0]
    assert waves.next_wave(0) is None


def test_acknowledged_moves_on() -> None:
    """A lane's next record goes out as soon as the one before it is acknowledged, and it is complete with its last."""
    waves = publisher()
    waves.admit("a", lane("a", 2))

    first = wave_of(waves)
    halfway = waves.settle(first, [stored(1)], 0)
    second = wave_of(waves)
    end = waves.settle(second, [stored(2)], 0)

    assert (halfway.completed, halfway.acknowledged) == ([], list(first.records))
    assert (end.completed, end.acknowledged) == (["a"], list(second.records))
    assert [heads(first), heads(second)] == [{"a": 0}, {"a": 1}]
    assert len(waves) == 0
    assert waves.ready_at(0) is None


def test_refused_stays() -> None:
    """A refused record is sent again before anything else of its lane, and the lanes beside it move on."""
    waves = publisher(jitter=0)
    waves.admit("a", lane("a", 2))
    waves.admit("b", lane("b", 2))

    outcome = waves.settle(wave_of(waves), [THROTTLED, stored(1)], 0)

    assert outcome.refused == [THROTTLED]
    assert [record.partition_key for record in outcome.acknowledged] == ["b"]
    assert heads(wave_of(waves)) == {"a": 0, "b": 1}


def test_no_answer_sends_again() -> None:
    """After a call without an answer every record of it is sent again: it may be stored, or not."""
    waves = publisher(jitter=0)
    waves.admit("a", lane("a", 1))
    waves.admit("b", lane("b", 1))
    wave = wave_of(waves)

    outcome = waves.settle(wave, None, 0)

    assert (outcome.completed, outcome.acknowledged, outcome.refused) == ([], [], [])
    assert wave_of(waves) == wave


def test_waves_in_flight_are_disjoint() -> None:
    """While a lane is on the wire it is in no other wave; a lane that came later need not wait for it."""
    waves = publisher()
    waves.admit("a", lane("a", 5))
    first = wave_of(waves)
    waves.admit("b", lane("b", 5))
    second = wave_of(waves)

    assert (first.lanes, second.lanes) == (("a",), ("b",))
    assert waves.next_wave(0) is None

    waves.settle(second, [stored(1)], 0)
    assert heads(wave_of(waves)) == {"b": 1}


def test_at_most_so_many_records() -> None:
    """A wave has no more records than a call takes; the lanes left over come first in the next one."""
    waves = publisher(max_records=2)
    for name in "abc":
        waves.admit(name, lane(name, 1))

    assert [wave_of(waves).lanes, wave_of(waves).lanes] == [("a", "b"), ("c",)]


def test_at_most_so_many_bytes() -> None:
    """A wave has no more bytes than a call takes, keys included; a head that does not fit is first in the next."""
    waves = publisher(max_bytes=30)
    for name, size_bytes in (("a", 10), ("b", 20), ("c", 1), ("d", 29)):
        waves.admit(name, lane(name, 1, size_bytes))

    assert [wave_of(waves).lanes, wave_of(waves).lanes] == [("a", "b"), ("c", "d")]


def test_a_record_larger_than_a_call() -> None:
    """A record that alone is larger than the bound goes alone, rather than never."""
    waves = publisher(max_bytes=30)
    waves.admit("a", lane("a", 1, 31))
    waves.admit("b", lane("b", 1))

    assert [wave_of(waves).lanes, wave_of(waves).lanes] == [("a",), ("b",)]


def test_limits_of_put_records() -> None:
    """Unless told otherwise a wave keeps the limits of PutRecords."""
    waves = Publisher(lambda: 0.0)
    for number in range(PUT_RECORDS_MAX + 1):
        waves.admit(number, lane("k", 1))
    for number in range(11):
        waves.admit(f"large-{number}", lane("k", 1, PUT_RECORDS_MAX_BYTES // 10))

    assert [len(wave_of(waves).records) for _ in range(3)] == [500, 1 + 9, 2]


def test_growing_back_off() -> None:
    """The longest wait doubles with each refusal in a row, up to a ceiling, however many there are."""
    backoff = Backoff(first_seconds=0.05, most_seconds=5.0)

    assert [backoff.ceiling_seconds(refusals) for refusals in (1, 2, 3, 7, 8, 10_000)] == [0.05, 0.1, 0.2, 3.2, 5, 5]


@pytest.mark.parametrize("jitter", [0.0, 0.25, 1.0])
def test_full_jitter(jitter: float) -> None:
    """The wait is drawn anywhere below the ceiling, so that lanes refused together do not come back together."""
    waves = publisher(jitter)
    waves.admit("a", lane("a", 1))
    now = 0.0
    for ceiling_seconds in (1, 2, 4, 8, 8):
        waves.settle(wave_of(waves, now), [THROTTLED], now)
        then = now + jitter * ceiling_seconds

        assert waves.ready_at(now) == then
        if then > now:
            assert waves.next_wave(then - 0.001) is None
        now = then
    assert waves.next_wave(now) is not None


def test_no_answer_backs_off_too() -> None:
    """Silence slows a lane down as a refusal does."""
    waves = publisher()
    waves.admit("a", lane("a", 1))

    waves.settle(wave_of(waves), None, 5)
    assert waves.ready_at(5) == 6
    waves.settle(wave_of(waves, 6), None, 6)
    assert waves.ready_at(6) == 8


def test_back_off_starts_anew() -> None:
    """An acknowledgement ends the row of refusals."""
    waves = publisher()
    waves.admit("a", lane("a", 2))

    for now, answer in ((0.0, THROTTLED), (1.0, THROTTLED), (3.0, stored(1)), (3.0, THROTTLED)):
        waves.settle(wave_of(waves, now), [answer], now)

    assert waves.ready_at(3) == 4


def test_a_throttled_lane_delays_no_other() -> None:
    """While one lane is refused for ever, another passes at full speed."""
    waves = publisher()
    waves.admit("slow", lane("slow", 1))
    waves.admit("quick", lane("quick", 50))
    sent = []
    for number in range(50):
        wave = wave_of(waves)
        answers: list[Answer] = [THROTTLED if key == "slow" else stored(number) for key in wave.lanes]
        sent += waves.settle(wave, answers, 0).completed

    assert sent == ["quick"]
    assert waves.ready_at(0) == 1


def test_ready_at_is_never_in_the_past() -> None:
    """A wait that is over means now, so that nobody waits for a negative time."""
    waves = publisher()
    waves.admit("a", lane("a", 1))
    waves.settle(wave_of(waves), [THROTTLED], 0)

    assert waves.ready_at(100) == 100


@pytest.mark.parametrize(
    ("first", "second", "reported"),
    [
        (stored(7), stored(8), False),
        (stored(8), stored(7), True),
        (stored(7), stored(7), True),
        (stored(8, shard=0), stored(7, shard=1), False),
        (stored(10**50), stored(10**50 + 1), False),
    ],
    ids=["rises", "falls", "stands still", "falls on another shard", "rises far up"],
)
def test_sequence_numbers(first: Answer, second: Answer, reported: bool) -> None:
    """Sequence numbers that do not rise within a lane on one shard are reported: the stream is out of order."""
    waves = publisher()
    waves.admit("a", lane("a", 2))
    waves.settle(wave_of(waves), [first], 0)

    outcome = waves.settle(wave_of(waves), [second], 0)

    assert outcome.violations == (["a"] if reported else [])
    assert outcome.completed == ["a"]


def test_sequence_numbers_between_lanes() -> None:
    """Between lanes nothing is promised, and nothing is reported."""
    waves = publisher()
    waves.admit("a", lane("a", 1))
    waves.admit("b", lane("b", 1))

    assert waves.settle(wave_of(waves), [stored(8), stored(7)], 0).violations == []


def test_admit_takes_a_submission_once() -> None:
    """A second lane of the same submission would break its order: that is a bug, and loud."""
    waves = publisher()
    waves.admit("a", lane("a", 1))

    with pytest.raises(ValueError, match="'a' has a lane already"):
        waves.admit("a", lane("a", 1))
    assert len(waves) == 1


def test_a_submission_without_records_is_complete() -> None:
    """Nothing to publish is nothing to wait for, unless others of its message group come first."""
    waves = publisher()

    assert not waves.admit("empty", [])
    assert not waves.admit("empty too", [], "group")
    assert waves.admit("a", lane("a", 1), "group")
    assert waves.admit("behind", [], "group")
    assert waves.settle(wave_of(waves), [stored(1)], 0).completed == ["a", "behind"]


def test_a_message_group_is_one_lane() -> None:
    """The submissions of a message group are published one after the other, those of other groups beside them."""
    waves = publisher()
    waves.admit("a", lane("a", 2), "red")
    waves.admit("b", lane("b", 1), "red")
    waves.admit("c", lane("c", 1), "blue")

    first = wave_of(waves)
    settled = waves.settle(first, [stored(1), stored(2)], 0)
    second = wave_of(waves)
    waves.settle(second, [stored(3)], 0)

    assert (first.lanes, second.lanes, wave_of(waves).lanes) == (("red", "blue"), ("red",), ("red",))
    assert settled.completed == ["c"]


def test_a_key_may_come_again() -> None:
    """A submission that is delivered again after it completed starts from its first event."""
    waves = publisher()
    for number in (1, 2):
        waves.admit("a", lane("a", 1))
        assert waves.settle(wave_of(waves), [stored(number)], 0).completed == ["a"]


@pytest.mark.parametrize("answers", [[], [stored(1)], [stored(1)] * 3])
def test_answers_must_match(answers: list[Answer]) -> None:
    """Answers that are not one for each record are a bug, not something to guess from."""
    waves = publisher()
    waves.admit("a", lane("a", 1))
    waves.admit("b", lane("b", 1))

    with pytest.raises(ValueError, match="zip"):
        waves.settle(wave_of(waves), answers, 0)


def test_waves_shrink_while_nothing_is_answered() -> None:
    """After a call without an answer the next one is smaller, whoever is in it; with answers they grow again."""
    waves = publisher(jitter=0.0, max_bytes=800_000)
    for name in "abcdefgh":
        waves.admit(name, lane(name, 3, 100_000))

    first = wave_of(waves)
    waves.settle(first, None, 0)
    second = wave_of(waves)
    waves.settle(second, [stored(number) for number in range(4)], 0)
    third = wave_of(waves)

    assert [len(wave.records) for wave in (first, second, third)] == [8, 4, 8]


def test_what_is_withdrawn_is_not_sent() -> None:
    """What waits, rests or stands behind others goes no more; what is behind it moves up; all else stays as it was."""
    waves = publisher()
    for name in ("resting", "rests on"):
        waves.admit(name, lane(name, 1))
    waves.settle(wave_of(waves), [THROTTLED, THROTTLED], 0)
    for number in range(3):
        waves.admit(f"g{number}", lane("group", 1), "group")
    waves.admit("ready", lane("ready", 1))

    gone = waves.withdraw({"resting", "g0", "g2", "ready", "never seen"})

    assert set(gone) == {"resting", "g0", "g2", "ready"}
    assert set(waves.unfinished) == {"rests on", "g1"}
    assert wave_of(waves).submissions == ("g1",)
    assert wave_of(waves, 10).submissions == ("rests on",)


def test_what_is_on_the_wire_is_not_withdrawn() -> None:
    """Its answer counts as ever; if that is a refusal it can be withdrawn then, and what is behind it goes on."""
    waves = publisher()
    waves.admit("first", lane("group", 1), "group")
    waves.admit("second", lane("group", 1), "group")
    wave = wave_of(waves)

    assert waves.withdraw({"first"}) == []
    waves.settle(wave, [THROTTLED], 0)
    assert waves.withdraw({"first"}) == ["first"]
    assert wave_of(waves).submissions == ("second",)
