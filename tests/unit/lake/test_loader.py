"""The loader step by step: what it asks for, and when it has nothing to do."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from event_processor.consuming.ports import Origin
from event_processor.errors import CallFailed
from event_processor.lake.loader import Loader
from event_processor.lake.log import RangeLog
from event_processor.lake.ports import LoadOutcome
from event_processor.lake.ranges import LakeFile, LogEntry
from event_processor.testing import ManualClock, RecordingObserver
from tests.inspecting import MemoryContracts
from tests.property.test_lake_machine import Lake, Table

STREAM, SHARD = "segment", "shardId-0"


class AheadOfUs(Table):
    """Has ranges of a delivery that began after ours, which our log has not looked at."""

    def loaded(self, stream: str) -> Mapping[str, int]:  # noqa: ARG002
        """See Warehouse."""
        return {SHARD: 9}


class AskedNotForEver(RangeLog):
    """A loop that never ends fails instead."""

    asked = 0

    def newest(self) -> Mapping[str, int]:
        """See RangeLog."""
        self.asked += 1
        assert self.asked < 100, "the loader goes round and round"
        return super().newest()


def test_a_warehouse_that_is_ahead() -> None:
    """An older delivery whose warehouse has more than its log has nothing to load, and comes to an end."""
    lake, clock, observer = Lake(), ManualClock(), RecordingObserver()
    log = AskedNotForEver(lake, STREAM, clock)
    log.begin(Origin(datetime(2026, 1, 2, tzinfo=UTC), None))
    log.open(SHARD)
    loader = Loader(AheadOfUs(lake), {STREAM: log}, MemoryContracts(clock), clock, observer)

    assert loader.turn()
    assert loader.finish(5.0) == 0
    assert observer.of("to_load")[-1] == (STREAM, 0)


def test_a_warehouse_of_another_lake() -> None:
    """Its ranges have the numbers of ours: nothing is taken for loaded, and the operator is told what to do."""
    clock, observer, first = ManualClock(), RecordingObserver(), Lake()
    first.content["typed"] = b"[1]"
    table = Table(first)
    for lake, record in ((first, "1"), (Lake(), "2")):
        log = RangeLog(lake, STREAM, clock)
        log.begin(Origin(clock.now(), None))
        log.open(SHARD)
        append(log, record, clock)
        loader = Loader(table, {STREAM: log}, MemoryContracts(clock), clock, observer)
        assert loader.turn() == (lake is first)
    assert loader.left
    assert "name another WAREHOUSE" in str(observer.of("failing"))


class Down(Table):
    """Cannot be reached."""

    def load(self, entries: Sequence[LogEntry]) -> Sequence[LoadOutcome]:  # noqa: ARG002
        """See Warehouse."""
        raise CallFailed("load", "Timeout", "no answer")


def test_what_waits_for_a_warehouse_that_is_down_is_told() -> None:
    """An alert can be set on it: the number grows while nothing is loaded, and is not that of the last good load."""
    lake, clock, observer = Lake(), ManualClock(), RecordingObserver()
    log = RangeLog(lake, STREAM, clock)
    log.begin(Origin(clock.now(), None))
    log.open(SHARD)
    assert Loader(Table(lake), {STREAM: log}, MemoryContracts(clock), clock, observer).turn()
    loader = Loader(Down(lake), {STREAM: log}, MemoryContracts(clock), clock, observer)
    for number in range(1, 4):
        append(log, str(number), clock)
        assert not loader.turn()
        assert observer.of("to_load")[-1][1] >= number


def append(log: RangeLog, record: str, clock: ManualClock) -> None:
    """A range of one record."""
    file = LakeFile("typed", "typed", "", 1, 1, "t")
    log.append(LogEntry(STREAM, SHARD, 0, log.epoch, clock.now(), None, record, first=record, rows=1, files=(file,)))


class Unheard(Table):
    """The answer to the first load is lost, once it is done."""

    done = 0

    def load(self, entries: Sequence[LogEntry]) -> Sequence[LoadOutcome]:
        """See Warehouse."""
        self.done += len(entries)
        raise CallFailed("load", "Timeout", "no answer")

    def loaded(self, stream: str) -> Mapping[str, int]:  # noqa: ARG002
        """See Warehouse."""
        return {SHARD: 4} if self.done else {}  # an opening came before them


def test_after_a_lost_answer_the_warehouse_is_asked() -> None:
    """What is loaded already is not loaded once more."""
    lake, clock = Lake(), ManualClock()
    log = RangeLog(lake, STREAM, clock)
    log.begin(Origin(clock.now(), None))
    log.open(SHARD)
    for record in "123":
        append(log, record, clock)
    warehouse = Unheard(lake)
    loader = Loader(warehouse, {STREAM: log}, MemoryContracts(clock), clock, RecordingObserver())
    assert not loader.turn()
    loader.turn()
    assert warehouse.done == 3


class Takes(Table):
    """Whatever it is given is new."""

    def load(self, entries: Sequence[LogEntry]) -> Sequence[LoadOutcome]:
        """See Warehouse."""
        return [LoadOutcome(entry.rows, 0, 0) for entry in entries]


def test_at_full_speed_more_is_loaded_at_a_time() -> None:
    """A load costs some, however little it loads; who waits for few rows waits a second for others, not three."""
    lake, clock, observer = Lake(), ManualClock(), RecordingObserver()
    log, now = RangeLog(lake, STREAM, clock), datetime(2026, 1, 2, tzinfo=UTC)
    log.begin(Origin(now, None))
    log.open(SHARD)
    loader = Loader(Takes(lake), {STREAM: log}, MemoryContracts(clock), clock, observer)
    gathered = []
    for number, (seconds, rows) in enumerate([(1.0, 100), (1.0, 10_000), (10.0, 10_000)]):
        file = LakeFile(f"typed/{number}", "typed", "", 1, rows, "t")
        place = str(number)
        log.append(LogEntry(STREAM, SHARD, 0, log.epoch, now, None, place, first=place, rows=rows, files=(file,)))
        clock.advance(seconds)
        assert loader.turn()
        gathered.append(loader.gather_seconds)
    assert gathered == [1.0, 3.0, 1.0]
