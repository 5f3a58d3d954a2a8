"""A reader on the emulator with checkpoints in a directory, in process."""

import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from event_processor.aws.clients import Clients, Location
from event_processor.aws.kinesis_reader import KinesisReader
from event_processor.clock import SystemClock
from event_processor.consuming.limits import ReadingLimits
from event_processor.consuming.ports import Checkpoints
from event_processor.consuming.reader import Reader
from event_processor.consuming.records import Batch, Page, Position
from event_processor.errors import CallFailed, StreamReplaced
from event_processor.stores.checkpoint_directory import DirectoryCheckpoints
from event_processor.testing import RecordingObserver
from local_aws import Faults, LocalAws
from tests.eventually import eventually

FAST = ReadingLimits(reads_per_second=20.0)


class LaterClock(SystemClock):
    """A clock that is ahead, as the emulator's may be."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        """The time of day."""
        return super().now() + self._ahead


class FailingStore(DirectoryCheckpoints):
    """A directory that cannot be written to for as long as it is told so."""

    is_failing = False

    def advance(self, shard_id: str, position: Position) -> Position | None:
        """See Checkpoints."""
        if self.is_failing:
            raise CallFailed("checkpoint", "ENOSPC", "no space left")
        return super().advance(shard_id, position)


class Rig:
    """A stream on the emulator, and readers of it."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self.aws, self.folder = aws, folder
        self.clients = Clients(Location(aws.endpoint, "us-east-1"))
        self.kinesis = self.clients.kinesis(1)
        self.observer = RecordingObserver()
        self.sent = 0

    def create(self, shards: int = 1) -> None:
        """The stream."""
        self.kinesis.create_stream(StreamName="events", ShardCount=shards)

    def put(self, number: int, size: int = 1) -> None:
        """So many records, of ten keys in turn."""
        records = [
            {"Data": f"{self.sent + each} ".encode() * size, "PartitionKey": str(each % 10)} for each in range(number)
        ]
        self.kinesis.put_records(StreamName="events", Records=records)  # type: ignore[arg-type]
        self.sent += number

    def store(self) -> FailingStore:
        """The checkpoints, opened again."""
        return FailingStore(self.folder, "inspect", "events")

    @contextmanager
    def reader(
        self, store: Checkpoints | None = None, clock: SystemClock | None = None, **more: Any
    ) -> Iterator[Reader]:
        """A running one, closed at the end."""
        source = KinesisReader(self.clients.reading(8), "events", self.observer)
        settings = {"source": source, "limits": FAST, "clock": clock or SystemClock(), **more}
        reader = Reader(checkpoints=store or self.store(), observer=self.observer, **settings)
        reader.start()
        try:
            yield reader
        finally:
            reader.close(30)


@pytest.fixture
def rig(aws: LocalAws, tmp_path: Path) -> Rig:
    """Without a stream yet."""
    return Rig(aws, tmp_path)


def numbers(batch: Batch) -> list[int]:
    """What is in the records of a batch."""
    return [int(record.data.split()[0]) for record in batch.records]


def read(reader: Reader, count: int) -> list[int]:
    """So many records at least, each batch done at once."""
    found: list[int] = []

    def more() -> bool:
        if (batch := reader.next(0.1)) is not None:
            found.extend(numbers(batch))
            reader.done(batch)
        return len(found) >= count

    eventually(more, "records")
    return found


def test_keys_stay_in_order_over_splits_and_merges(rig: Rig) -> None:
    """Each record once, and the records of each key in the order in which they were put, whatever became of shards."""
    rig.create(2)
    rig.put(100)
    with rig.reader() as reader:
        found = read(reader, 50)
        for action in ("split_shard", "merge_shards", "split_shard"):
            reshard(rig, action)
            rig.put(100)
        found += read(reader, rig.sent - len(found))

    assert sorted(found) == list(range(rig.sent))
    for key in range(10):
        of_key = [number for number in found if number % 10 == key]
        assert of_key == sorted(of_key)


def reshard(rig: Rig, action: str) -> None:
    """Split the first open shard, or merge the first two."""
    shards = rig.kinesis.list_shards(StreamName="events", ShardFilter={"Type": "AT_LATEST"})["Shards"]
    shards.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
    first = shards[0]
    if action == "split_shard":
        low, high = (int(first["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
        rig.kinesis.split_shard(
            StreamName="events", ShardToSplit=first["ShardId"], NewStartingHashKey=str((low + high) // 2)
        )
    else:
        rig.kinesis.merge_shards(
            StreamName="events", ShardToMerge=first["ShardId"], AdjacentShardToMerge=shards[1]["ShardId"]
        )


def test_the_next_reader_goes_on_behind_what_was_done(rig: Rig) -> None:
    """What was handed out and not done comes again, what was done does not."""
    rig.create()
    rig.put(10)
    with rig.reader() as reader:
        read(reader, 10)
        rig.put(10)
        eventually(lambda: reader.next(0.1), "a batch that nobody finishes")
    with rig.reader() as reader:
        found = read(reader, 10)

    assert found == list(range(10, 20))


def test_a_shard_whose_batches_nobody_finishes_holds_up_no_other(rig: Rig) -> None:
    """It is read no further, the other one to its end: memory is bounded, and nobody waits."""
    rig.create(2)
    for _ in range(12):
        rig.put(500, size=200)
    stuck: list[Batch] = []
    found: Counter[str] = Counter()
    with rig.reader() as reader:

        def more() -> bool:
            if (batch := reader.next(0.1)) is None:
                return False
            if not stuck or batch.shard == stuck[0].shard:
                stuck.append(batch)
                return False
            found.update(record.key for record in batch.records)
            reader.done(batch)
            return batch.behind_milliseconds == 0

        eventually(more, "the end of the other shard")

    assert len(stuck) <= 2
    assert set(found.values()) == {600}


def test_a_stream_made_anew_is_refused(rig: Rig) -> None:
    """The checkpoints are of the earlier stream: the error says what to remove, and without them all is read."""
    rig.create()
    rig.put(10)
    with rig.reader() as reader:
        read(reader, 10)
        rig.kinesis.delete_stream(StreamName="events")
        rig.create()
        rig.put(5)
    with (
        rig.reader() as reader,
        pytest.raises(StreamReplaced, match=r"was recreated .* remove the folder .*inspect/events"),
    ):
        eventually(lambda: reader.next(0.1), "an error")
    shutil.rmtree(rig.folder / "inspect" / "events")
    with rig.reader() as reader:
        assert read(reader, 5) == [10, 11, 12, 13, 14]


def test_a_store_that_is_down_holds_up_children_only(rig: Rig) -> None:
    """Reading goes on; a child waits until the end of its parent is written, so that no crash turns the order round."""
    rig.create()
    rig.put(10)
    store = rig.store()
    with rig.reader(store) as reader:
        store.is_failing = True
        read(reader, 10)
        rig.put(10)
        assert read(reader, 10) == list(range(10, 20))
        reshard(rig, "split_shard")
        rig.put(10)
        eventually(lambda: len(rig.observer.of("failing")) > 2, "some tries")
        assert reader.next(0.5) is None
        store.is_failing = False
        assert sorted(read(reader, 10)) == list(range(20, 30))

    assert {step for step, _ in rig.observer.of("failing")} == {"checkpoint"}


def test_two_readers_by_mistake(rig: Rig) -> None:
    """Each gets everything in order; the checkpoint is that of the one that is further, and both facts are told."""
    rig.create()
    with rig.reader() as one, rig.reader() as other:

        def round_of_both() -> bool:
            rig.put(10)
            assert read(one, 10) == read(other, 10) == list(range(rig.sent - 10, rig.sent))
            return bool(rig.observer.of("shared"))

        eventually(round_of_both, "a word on the other one")

    last = rig.store().read()["shardId-000000000000"]
    records = rig.kinesis.get_records(
        ShardIterator=rig.kinesis.get_shard_iterator(
            StreamName="events", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
    )["Records"]
    assert last.sequence == records[-1]["SequenceNumber"]


def test_what_the_stream_no_longer_keeps_is_told(rig: Rig) -> None:
    """A reader that comes back after the retention goes on with what there is, and says what is perhaps missing."""
    rig.create()
    rig.put(10)
    with rig.reader() as reader:
        read(reader, 10)
    rig.put(10)
    rig.aws.faults = Faults(clock_offset_seconds=25 * 3600)
    rig.put(10)
    with rig.reader(clock=LaterClock(timedelta(hours=25))) as reader:
        assert read(reader, 10) == list(range(20, 30))

    ((shard, since, until),) = rig.observer.of("gap")
    assert shard == "shardId-000000000000"
    assert timedelta(0) < until - since < timedelta(hours=2)


def test_a_shard_that_went_unread_is_told(rig: Rig) -> None:
    """Closed and past the retention before it was read to its end: its children are read, and the gap is told."""
    rig.create()
    rig.put(10)
    with rig.reader() as reader:
        read(reader, 10)
    rig.put(10)
    reshard(rig, "split_shard")
    rig.aws.faults = Faults(clock_offset_seconds=25 * 3600)
    rig.put(10)
    with rig.reader(clock=LaterClock(timedelta(hours=25))) as reader:
        assert sorted(read(reader, 10)) == list(range(20, 30))

    assert [gap[0] for gap in rig.observer.of("gap")] == ["shardId-000000000000"]


def test_latest_stays_where_it_was_at_first(rig: Rig) -> None:
    """Beginning with the latest record leaves out what is older, and nothing that comes before the first checkpoint."""
    rig.create()
    rig.put(10)
    with rig.reader(since="latest"):
        eventually(lambda: rig.observer.of("shards_seen"), "the first look")
    for path in (rig.folder / "inspect" / "events").glob("shardId*"):
        path.unlink()
    rig.put(10)
    with rig.reader(since="latest") as reader:
        assert read(reader, 10) == list(range(10, 20))


@pytest.mark.parametrize(
    "faults",
    [
        Faults(throttle_reads=True),
        Faults(iterator_seconds=0.2),
        Faults(empty_reads=0.7, seed=1),
        Faults(
            fail_call=0.3, lose_answer=0.2, fail_operations=("GetRecords", "GetShardIterator", "ListShards"), seed=1
        ),
    ],
    ids=["throttled", "expired", "empty", "failing"],
)
def test_trouble_of_shards(rig: Rig, faults: Faults) -> None:
    """Throttled, expired, empty or failing reads cost time, never a record, and no record comes twice."""
    rig.create(2)
    rig.put(200)
    rig.aws.faults = faults
    with rig.reader() as reader:
        found = read(reader, 200)
        for _ in range(3):
            rig.put(100)
            found += read(reader, 100)

    assert sorted(found) == list(range(500))


def test_what_is_done_after_stop_is_kept(rig: Rig) -> None:
    """A job says stop, finishes what it has in hand and closes: the next reader does not read that again."""
    rig.create()
    rig.put(10)
    with rig.reader() as reader:
        batch = eventually(lambda: reader.next(0.1), "a batch")
        assert batch is not None
        reader.stop()
        time.sleep(0.5)  # the checkpoints that were due at the stop are written by now
        assert reader.next(0.1) is None
        reader.done(batch)
        assert reader.close(30)
    rig.put(10)
    with rig.reader() as reader:
        assert read(reader, 10) == list(range(10, 20))


def test_what_cannot_be_kept_is_no_clean_stop(rig: Rig) -> None:
    """While checkpoints cannot be written a stop says so, and the next reader reads it all again."""
    store = rig.store()
    rig.create()
    rig.put(10)
    with rig.reader(store) as reader:
        store.is_failing = True
        assert len(read(reader, 10)) == 10
        assert not reader.close(30)
    with rig.reader() as reader:
        assert read(reader, 10) == list(range(10))


def test_a_read_that_ends_while_checkpoints_are_written_at_the_end(rig: Rig) -> None:
    """A stop is clean although a shard is found empty just then: everything that was done is kept."""
    gate, entered = threading.Event(), threading.Event()
    gate.set()

    class Gated(KinesisReader):
        def read(self, iterator: str, limit: int) -> Page:
            if not gate.is_set():
                entered.set()
                gate.wait(60)
            return super().read(iterator, limit)

    class Kept(FailingStore):
        def advance(self, shard_id: str, position: Position) -> Position | None:
            if not self.is_failing and entered.is_set():
                seen = len(rig.observer.of("read"))
                gate.set()
                eventually(lambda: len(rig.observer.of("read")) > seen, "the read to end")
                entered.clear()
            return super().advance(shard_id, position)

    store = Kept(rig.folder, "inspect", "events")
    rig.create(2)
    rig.put(20)
    with rig.reader(store, source=Gated(rig.clients.reading(8), "events", rig.observer)) as reader:
        assert len(read(reader, 20)) == 20
        store.is_failing = True
        gate.clear()
        assert entered.wait(60)
        store.is_failing = False
        assert reader.close(30)


def test_the_lag_of_what_nobody_finishes_grows(rig: Rig) -> None:
    """A consumer that hangs is seen by the lag, though no read says so any more."""
    rig.create()
    rig.put(10)
    with rig.reader() as reader:
        read(reader, 10)
        for _ in range(2):
            rig.put(10)
            eventually(lambda: reader.next(0.1), "a batch that nobody finishes")
        eventually(lambda: max(lag for _, lag in rig.observer.of("lag")) > 5000, "a lag")


def test_a_bug_is_not_silent(rig: Rig) -> None:
    """A thread that ends by a bug ends the reader: who waits for a batch hears of it."""
    rig.create()

    class Defective(FailingStore):
        def read(self) -> dict[str, Position]:
            raise RuntimeError("a bug")

    with rig.reader(Defective(rig.folder, "inspect", "events")) as reader, pytest.raises(RuntimeError, match="a bug"):
        eventually(lambda: reader.next(0.1), "an error")

    assert [step for step, _ in rig.observer.of("crashed")] == ["look"]
