"""What a shard takes, rule by rule. Any sequence of them: tests/property/test_publisher_machine.py."""

from hashlib import md5

import pytest

from event_processor.publishing.pacing import ANY_SHARD, CallSize, Pace, Pacing
from event_processor.publishing.publisher import THROTTLED, Backoff, Publisher
from event_processor.publishing.stream import Acknowledged, Record, Refused, Shard

HALVES = [Shard("left", 0), Shard("right", 1 << 127)]
PACE = Pace(records_per_second=100.0, bytes_per_second=1000.0, most=1.0, burst_seconds=1.0, lot_seconds=0.1)


def on(shard_id: str, number: int, size_bytes: int = 20) -> list[Record]:
    """A record for this half; the number makes its key its own."""
    keys = (f"{number}-{attempt}" for attempt in range(100))
    key = next(key for key in keys if Pacing(HALVES).shard_of(key) == shard_id)
    return [Record(key, bytes(size_bytes - len(key)), "new_process", 0)]


def publisher() -> Publisher:
    """One that knows the halves and waits, after a refusal, for a second."""
    return Publisher(lambda: 1.0, Backoff(first_seconds=1.0), pacing=Pacing(HALVES, PACE))


def sent(waves: Publisher, now: float) -> int:
    """How many records the next wave has."""
    wave = waves.next_wave(now)
    return len(wave.records) if wave else 0


@pytest.mark.parametrize("key", ["a", "b", "c", "sensor-17", "31980191-fa99-4768-8a7b-0e81397ca6ef"])
def test_a_key_belongs_to_the_shard_of_its_md5(key: str) -> None:
    """Kinesis hashes the partition key by MD5 into the shards' ranges of hash keys, and so do we."""
    top_bit = md5(key.encode()).digest()[0] >> 7  # noqa: S324 - Kinesis's choice

    assert Pacing(reversed(HALVES)).shard_of(key) == ("left", "right")[top_bit]


def test_without_shards_nothing_is_held_back() -> None:
    """As long as nobody could tell us the shards, records go out as they come."""
    waves = Publisher(lambda: 1.0, pacing=Pacing((), PACE))
    for number in range(300):
        waves.admit(number, on("left", number))

    assert Pacing().shard_of("a") == ANY_SHARD
    assert sent(waves, 0.0) == 300


def test_a_shard_gets_what_it_takes() -> None:
    """First what had added up, then its rate, in lots rather than record by record."""
    waves = publisher()
    for number in range(200):
        waves.admit(number, on("left", number, size_bytes=6))

    assert sent(waves, 0.0) == 100
    assert sent(waves, 0.05) == 0
    assert waves.ready_at(0.05) == pytest.approx(0.1)
    assert sent(waves, 0.1) == 10
    assert sent(waves, 0.6) == 50


def test_bytes_count_like_records() -> None:
    """A shard that has had its bytes waits, however few the records were."""
    waves = publisher()
    for number in range(8):
        waves.admit(number, on("left", number, size_bytes=250))

    assert sent(waves, 0.0) == 4
    assert waves.ready_at(0.0) == pytest.approx(0.25)
    assert sent(waves, 0.25) == 1


def test_a_record_larger_than_a_second_of_its_shard_goes_out_and_is_paid_for() -> None:
    """A huge record waits for a full bucket only, not for ever; what follows waits until it is paid for."""
    waves = publisher()
    waves.admit("huge", on("left", 1, size_bytes=5000))
    waves.admit("next", on("left", 2))

    assert sent(waves, 0.0) == 1
    assert waves.ready_at(0.0) == pytest.approx(4.04, abs=0.1)


def test_a_full_shard_does_not_hold_up_the_others() -> None:
    """Lanes of another shard go out while those of a full one wait, and the waiting ones are counted."""
    waves = publisher()
    for number in range(150):
        waves.admit(number, on("left", number, size_bytes=6))
    assert sent(waves, 0.0) == 100
    waves.admit("other", on("right", 1))

    wave = waves.next_wave(0.0)

    assert wave is not None
    assert wave.lanes == ("other",)
    assert waves.paced(0.0) == 50


def refuse(waves: Publisher, now: float, share: float) -> None:
    """Let so much of what the left half is sent now be throttled."""
    for number in range(100):
        waves.admit(f"{now} {number}", on("left", number, size_bytes=6))
    wave = waves.next_wave(now)
    assert wave is not None
    refused = round(share * len(wave.records))
    answers = [Refused(THROTTLED) if n < refused else Acknowledged("left", n) for n in range(len(wave.records))]
    waves.settle(wave, answers, now)


def test_a_shard_with_other_producers_gets_what_they_leave() -> None:
    """When much of what we send is refused, that shard's pace falls to what gets through; later it comes back."""
    waves = publisher()
    for now in range(4):
        refuse(waves, now, share=0.4)
    for number in range(2000):
        waves.admit(number, on("left", number, size_bytes=8))

    later = [sent(waves, now) for now in range(4, 24)]

    assert later[0] == later[1] == 60
    assert later[-1] >= 80


def test_a_few_refusals_do_not_slow_a_shard() -> None:
    """A service that refuses now and then, whatever the load, is not starved for it."""
    waves = publisher()
    for now in range(4):
        refuse(waves, now, share=0.15)

    assert sent(waves, 4.0) == 60
    for number in range(300):
        waves.admit(number, on("left", number, size_bytes=6))
    assert sent(waves, 5.0) == 100


def test_other_refusals_say_nothing_of_the_pace() -> None:
    """An internal failure of Kinesis makes its lane wait, and nobody else."""
    waves = publisher()
    waves.admit("a", on("left", 1))
    wave = waves.next_wave(0.0)
    assert wave is not None
    waves.settle(wave, [Refused("InternalFailure")], 0.0)
    for number in range(50):
        waves.admit(number, on("left", number, size_bytes=6))

    assert sent(waves, 0.0) == 50


def test_a_reshard_shows_in_the_answers() -> None:
    """An acknowledgement from a shard that should not have the record tells that the stream was resharded."""
    waves = publisher()
    waves.admit("a", on("left", 1) * 2)
    outcomes = []
    for number, shard_id in enumerate(["left", "left-child"]):
        wave = waves.next_wave(0.0)
        assert wave is not None
        outcomes.append(waves.settle(wave, [Acknowledged(shard_id, number)], 0.0).elsewhere)

    assert outcomes == [False, True]


def test_without_shards_no_answer_tells_of_a_reshard() -> None:
    """Until the shards are known, wherever a record went is news to nobody."""
    waves = Publisher(lambda: 1.0)
    waves.admit("a", on("left", 1))
    wave = waves.next_wave(0.0)

    assert wave is not None
    assert not waves.settle(wave, [Acknowledged("left", 1)], 0.0).elsewhere


def test_after_a_reshard_waiting_lanes_go_to_their_new_shards() -> None:
    """Lanes that waited for a full shard go on at once when a reshard gives them another."""
    waves = publisher()
    for number in range(150):
        waves.admit(number, on("left", number, size_bytes=6))
    assert sent(waves, 0.0) == 100

    waves.reshard([Shard("left-1", 0), Shard("left-2", 1 << 126), HALVES[1]])

    assert sent(waves, 0.0) == 50


def test_calls_shrink_without_answers_and_grow_with_them() -> None:
    """What brings no answer is halved from what it was, down to a floor; each answer doubles it, up to the most."""
    size = CallSize(1000, least_bytes=100)
    seen = []
    for carried in (800, 400, 200, 50):
        size.failed(carried)
        seen.append(size.size_bytes)
    for _ in range(5):
        size.answered()
        seen.append(size.size_bytes)

    assert seen == [400, 200, 100, 100, 200, 400, 800, 1000, 1000]


def test_a_pace_comes_back_step_by_step() -> None:
    """After others have left us half of a shard, each look without refusals gives us a twentieth of it more."""
    pace = Pace(1000.0, 1e9, most=1.0, burst_seconds=1.0, look_records=200)
    bucket = Pacing(HALVES, pace).bucket("left")
    bucket.room_at(1, 1, now=0.0)
    for _ in range(100):
        bucket.throttled()
    bucket.spend(200, 0)
    bucket.spend(200, 0)

    bucket.room_at(1, 1, now=0.5)

    assert bucket.records == 600 + 0.55 * 500


def test_what_aws_says_that_a_shard_takes() -> None:
    """1,000 records and 1 MiB a second are AWS's quotas of a shard: we plan with just that."""
    assert (Pace().records_per_second, Pace().bytes_per_second) == (1000, 1_048_576)
