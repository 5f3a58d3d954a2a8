"""What the shards of a stream may take of the memory."""

from datetime import UTC, datetime, timedelta

from event_processor.consuming.descent import Descent
from event_processor.consuming.limits import ReadingLimits
from event_processor.consuming.ports import Origin
from event_processor.consuming.records import Batch, Page, Shard, StreamRecord
from event_processor.consuming.turns import Turns

START = datetime(2026, 1, 2, tzinfo=UTC)
RECORDS = [StreamRecord(str(number), "k", START, b"{}") for number in range(2000)]
PAGE = Page(RECORDS, 3 * len(RECORDS), 0, "next")


def test_many_shards_of_tiny_records_are_bounded_too() -> None:
    """While nobody finishes anything, 500 shards of records of a few bytes take no more memory than others would."""
    descent = Descent(Origin(START, None), {}, Turns(2.0, lambda: 0.5), ReadingLimits())
    descent.listed([Shard(f"shard-{number}") for number in range(500)], timedelta(days=1), 0.0, START)
    batches = list[Batch]()
    now = 0.0
    while (turn := descent.next_turn(now)) is not None:
        batch, _ = descent.took(turn.shard_id, PAGE, now, START)
        assert batch is not None
        batches.append(batch)
        now += 1.0
    assert 10_000 < sum(len(batch.records) for batch in batches) < 50_000

    for batch in batches:
        descent.done(batch, now)
    assert descent.next_turn(now + 1.0) is not None, "what is done takes nothing any more"


def test_a_shard_has_two_batches_in_hand() -> None:
    """While nobody finishes a shard's batches it is read twice, and once more for each that is done."""
    descent = Descent(Origin(START, None), {}, Turns(2.0, lambda: 0.5), ReadingLimits())
    descent.listed([Shard("shard-0")], timedelta(days=1), 0.0, START)
    first = _read(descent, 0.0)
    assert len(first) == 2

    descent.done(first[0], 10.0)
    assert len(_read(descent, 10.0)) == 1


def _read(descent: Descent, now: float) -> list[Batch]:
    """The batches of one record each that it asks for at most three times in a row."""
    batches = list[Batch]()
    while len(batches) < 3 and (turn := descent.next_turn(now)) is not None:
        batch, _ = descent.took(turn.shard_id, Page(RECORDS[:1], 3, 0, "next"), now, START)
        assert batch is not None
        batches.append(batch)
        now += 1.0
    return batches
