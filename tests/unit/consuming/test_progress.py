"""How far a shard is read, done and kept."""

from datetime import UTC, datetime, timedelta

from event_processor.consuming.progress import CHECKPOINT_SECONDS, QUIET_SECONDS, Progress
from event_processor.consuming.records import Batch, Page, Position, StreamRecord

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def page(*numbers: int, behind: int | None = 0, iterator: str | None = "next") -> Page:
    """With these records, which arrived a minute ago."""
    records = [StreamRecord(str(number), "key", NOW - timedelta(minutes=1), b"") for number in numbers]
    return Page(records, len(records), behind, iterator)


def took(progress: Progress, *numbers: int) -> Batch:
    """The batch of these."""
    batch = progress.took("shard", page(*numbers), NOW)
    assert batch is not None
    return batch


def test_done_waits_for_the_batches_before() -> None:
    """The checkpoint moves only behind what is done without a hole, in whatever order that was said."""
    progress = Progress(None)
    batches = [took(progress, number) for number in (1, 2, 3)]
    assert progress.finish(batches[2]) == []
    assert progress.finish(batches[1]) == []
    assert progress.checkpoint(0.0, at_once=True) is None
    assert progress.finish(batches[0]) == batches
    assert progress.finish(batches[0]) == []
    assert progress.checkpoint(0.0, at_once=True) == Position("3", NOW)


def test_checkpoints_are_written_now_and_then() -> None:
    """At most once a second, and once a minute while nothing comes; the end of a shard at once."""
    progress = Progress(None)
    progress.finish(took(progress, 1))
    first = progress.checkpoint(0.0, at_once=False)
    assert first == Position("1", NOW)
    assert not progress.wrote(first, None)
    progress.finish(took(progress, 2))
    assert progress.checkpoint(CHECKPOINT_SECONDS / 2, at_once=False) is None
    second = progress.checkpoint(CHECKPOINT_SECONDS, at_once=False)
    assert second is not None
    progress.wrote(second, first)
    progress.took("shard", page(), NOW + timedelta(seconds=30))
    assert progress.checkpoint(CHECKPOINT_SECONDS * 3, at_once=False) is None
    assert progress.checkpoint(CHECKPOINT_SECONDS + QUIET_SECONDS, at_once=False) is not None
    progress.took("shard", page(iterator=None), NOW + timedelta(seconds=31))
    end = progress.checkpoint(CHECKPOINT_SECONDS + QUIET_SECONDS, at_once=False)
    assert end is not None
    assert end.ended


def test_another_reader_is_noticed() -> None:
    """What was there before the write is ours if we wrote it, or tried to; else somebody else reads."""
    progress = Progress(Position("1", NOW))
    progress.finish(took(progress, 2))
    lost = progress.checkpoint(0.0, at_once=True)
    assert lost is not None
    progress.finish(took(progress, 3))
    third = progress.checkpoint(0.0, at_once=True)
    assert third is not None
    assert not progress.wrote(third, lost), "the answer to the write before was lost"
    progress.finish(took(progress, 4))
    fourth = progress.checkpoint(0.0, at_once=True)
    assert fourth is not None
    assert progress.wrote(fourth, Position("9", NOW))
    assert progress.checkpoint(99.0, at_once=True) is None, "the other one is further"


def test_a_gap_is_told_once() -> None:
    """When the stream keeps nothing as old as what was read last, something may be missing."""
    progress = Progress(Position("1", NOW))
    assert progress.gap(NOW) is None
    assert progress.gap(NOW + timedelta(seconds=1)) == NOW
    assert progress.gap(NOW + timedelta(seconds=2)) is None
    assert Progress(None).gap(NOW) is None, "what was never begun has no gap"


def test_what_is_read_without_records_counts() -> None:
    """An answer without records moves the time: behind the tip by so much, everything before that is read."""
    progress = Progress(None)
    progress.took("shard", page(behind=5000), NOW)
    assert progress.done.until == NOW - timedelta(seconds=5)
    progress.took("shard", page(behind=7000), NOW)
    assert progress.done.until == NOW - timedelta(seconds=5), "never back"
    progress.took("shard", page(1, behind=None), NOW)
    assert progress.read.until == NOW - timedelta(seconds=5)


def test_positions_sort_as_they_follow_each_other() -> None:
    """Numbers of any length, as numbers; the end is last."""
    positions = [
        Position(None),
        Position(None, NOW),
        Position("9"),
        Position("9", NOW),
        Position("10", NOW - timedelta(days=1)),
        Position("9" * 129, NOW),
        Position("1", NOW, ended=True),
    ]
    ranks = [position.rank for position in positions]
    assert ranks == sorted(set(ranks))
