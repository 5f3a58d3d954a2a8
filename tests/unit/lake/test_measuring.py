"""The metrics of delivery: what they say, when a bucket is complete, and that nothing changes what was told."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from event_processor.consuming.ports import Origin
from event_processor.errors import CallFailed
from event_processor.lake.ledger import Ledger
from event_processor.lake.load_metrics import Loads, SqlMetric
from event_processor.lake.log import RangeLog
from event_processor.lake.measuring import Followed, Measuring
from event_processor.lake.ports import LoadOutcome
from event_processor.lake.ranges import LakeFile, LogEntry, Tally
from event_processor.metrics.metric import Metric, SeriesId, read_metric
from event_processor.metrics.outlet import Outlet
from event_processor.publishing.stream import Answer, Record
from event_processor.testing import ManualClock, MemoryStream, RecordingObserver
from tests.property.test_lake_machine import Killed, Lake, Table
from tests.warehouses import MemoryFiles

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
ZERO, SECONDS = int(NOON.timestamp()), 60
STREAM, SHARDS = "tracking", ("shardId-0", "shardId-1")


class Fragile(MemoryFiles):
    """A lake at whose next call the process may be killed, before or after it."""

    when = ""

    def put(self, name: str, content: bytes) -> None:
        """As the port says."""
        when, self.when = self.when, ""
        if when == "before":
            raise Killed
        super().put(name, content)
        if when == "after":
            raise Killed


class Stream(MemoryStream):
    """May be down."""

    down = False

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """As the port says."""
        if self.down:
            raise CallFailed("put", "InternalFailure", "down")
        return super().put(records)


class World:
    """A lake, a stream of metrics, and a delivery's log of ranges; `start` starts over after a kill."""

    def __init__(self) -> None:
        self.clock, self.files, self.stream = ManualClock(NOON), Fragile(), Stream()
        self.observer = RecordingObserver()
        self.horizon: datetime | None = None
        self._sequence = 100
        self.start()

    def start(self, seconds: int = SECONDS, dimension: str | None = "site") -> None:
        """A process."""
        self.log = RangeLog(self.files, STREAM, self.clock)
        self.log.begin(Origin(NOON, None))
        self.log.read()
        ledger = Ledger(self.files, STREAM, STREAM, seconds)
        followed = Followed(ledger, self.log, lambda: self.horizon, dimension, many=False)
        outlet = Outlet(self.stream, self.clock)
        self.measuring = Measuring({STREAM: followed}, [], outlet, self.observer)

    def arrive(self, shard: str, *tallies: Tally, until: float | None = None) -> LogEntry:
        """A range, in the log; written a second after its last record arrived."""
        self._sequence += 10
        last = until or max(tally.newest for tally in tallies)
        self.log.open(shard)
        times = [datetime.fromtimestamp(each, UTC) for each in (tallies[0].oldest if tallies else last, last)]
        return self.log.append(
            LogEntry(
                STREAM, shard, 0, self.log.epoch, times[1] + timedelta(seconds=1), None, str(self._sequence + 9),
                first=str(self._sequence), arrived_first=times[0], arrived_last=times[1], until=times[1],
                records=sum(tally.records for tally in tallies), tallies=tallies,
            )
        )  # fmt: skip

    def told(self) -> list[Metric]:
        """All metrics on the stream, in order."""
        return [found for each in self.stream.stored if isinstance(found := read_metric(each.record.data), Metric)]

    def values(self, key: str) -> list[tuple[int, int, float | None]]:
        """Of one series: minute after noon, revision, value."""
        return [
            ((each.bucket_start - ZERO) // SECONDS, each.revision, each.value)
            for each in self.told()
            if each.series.key == key
        ]


def tally(minute: float, records: int = 10, **more: Any) -> Tally:
    """Of records that arrived from so many minutes after noon on, a second apart."""
    at = ZERO + minute * 60
    counted: dict[str, Any] = {"bytes": 100 * records, "rejects": {}, "groups": {}, "columns": {}} | more
    return Tally(int(at // SECONDS) * SECONDS, SECONDS, at, at + records - 1, records, **counted)


def after(minutes: float) -> datetime:
    """A time of arrival."""
    return NOON + timedelta(minutes=minutes)


def test_what_a_bucket_says() -> None:
    """Records, rejects by code, bytes, lag, freshness, ratios of columns, and records by the values of a dimension."""
    world = World()
    columns = {"tracking.pages": {"age": (8, 6, 3)}}
    world.arrive(SHARDS[0], tally(0.1, rejects={"missing_field": 2}, groups={"north": 5, "south": 3}, columns=columns))
    world.arrive(SHARDS[1], tally(0.5, 20, groups={"north": 20}, columns={"tracking.pages": {"age": (20, 14, 7)}}))
    world.horizon = after(1.0)

    world.measuring.turn()

    assert {each.series.key: (each.value, each.n) for each in world.told()} == {
        "tracking/records": (30, 30),
        "tracking/records{site=north}": (25, 25),
        "tracking/records{site=south}": (3, 3),
        "tracking/rejects": (2, 30),
        "tracking/rejects{code=missing_field}": (2, 30),
        "tracking/bytes": (3000, 30),
        "tracking/lag_seconds": (20, 30),
        "tracking/freshness_seconds": (11, 30),
        "tracking/null_ratio{column=age}": (8 / 28, 28),
        "tracking/distinct_ratio{column=age}": (0.5, 20),
    }
    assert {(each.bucket_start, each.bucket_seconds, each.complete, each.revision) for each in world.told()} == {
        (ZERO, SECONDS, True, 0)
    }


def test_complete_when_all_shards_have_passed_its_end() -> None:
    """A bucket waits for the slowest shard, and for what of it is not read yet."""
    world = World()
    world.arrive(SHARDS[0], tally(0.2))
    world.arrive(SHARDS[0], tally(1.2))
    world.measuring.turn()
    assert world.told() == []

    world.horizon = after(0.9)
    world.measuring.turn()
    assert world.told() == []

    world.arrive(SHARDS[1], tally(0.3, 5))
    world.horizon = after(1.1)
    world.measuring.turn()
    assert world.values("tracking/records") == [(0, 0, 15)]


def test_silence_is_told_as_zero() -> None:
    """Buckets in which nothing arrives are told as such: of all, and of each site that was heard before."""
    world = World()
    world.arrive(SHARDS[0], tally(0.0, groups={"north": 6, "south": 4}))
    world.arrive(SHARDS[0], tally(1.0, 6, groups={"north": 6}))
    world.horizon = after(4.0)
    for _ in range(5):
        world.measuring.turn()

    assert world.values("tracking/records") == [(0, 0, 10), (1, 0, 6), (2, 0, 0), (3, 0, 0)]
    assert world.values("tracking/records{site=south}") == [(0, 0, 4), (1, 0, 0), (2, 0, 0), (3, 0, 0)]
    assert world.values("tracking/freshness_seconds")[-1] == (3, 0, 175)


def test_late_records_are_a_revision() -> None:
    """What arrived before the end of a bucket that was told makes the next revision of it, with all of its numbers."""
    world = World()
    world.arrive(SHARDS[0], tally(0.5))
    world.horizon = after(1.5)
    world.measuring.turn()
    world.arrive(SHARDS[1], tally(0.4, 7))
    world.measuring.turn()
    world.measuring.turn()

    assert world.values("tracking/records") == [(0, 0, 10), (0, 1, 17)]


def test_what_comes_too_late_is_counted_as_such() -> None:
    """Records of a bucket whose counts are gone are told, and change nothing."""
    world = World()
    world.arrive(SHARDS[0], tally(0.5))
    world.horizon = after(30.0)
    world.measuring.turn()
    before = world.told()
    world.arrive(SHARDS[1], tally(0.4, 7))
    world.measuring.turn()

    assert world.told() == before
    assert world.observer.of("uncounted") == [(STREAM, 7)]


def test_a_stream_of_metrics_that_is_down() -> None:
    """Nothing is lost, nothing piles up, and nothing is raised: the metrics come when the stream is back."""
    world = World()
    world.stream.down = True
    for minute in range(50):
        world.arrive(SHARDS[0], tally(minute))
        world.horizon = after(minute + 1)
        with pytest.raises(CallFailed, match="sent again") if minute else pytest.raises(CallFailed):
            world.measuring.turn()
    assert len(world.files.content["metrics/tracking.json"]) < 3_000
    world.stream.down = False
    world.measuring.turn()

    assert world.values("tracking/records") == [(minute, 0, 10) for minute in range(50)]


def test_values_of_a_dimension_are_bounded() -> None:
    """Of a device id as a dimension 50 values are told apart; the others are counted together."""
    world = World()
    world.arrive(SHARDS[0], tally(0.0, 59, groups={f"device-{number:02}": 1 for number in range(59)}))
    world.arrive(SHARDS[0], tally(1.0, 59, groups={f"device-{number:02}": 1 for number in range(40, 99)}))
    world.horizon = after(2.0)
    world.measuring.turn()

    found = [each for each in world.told() if each.series.dimensions and each.bucket_start > ZERO]
    assert len(found) == 51
    assert sum(each.value or 0 for each in found) == 59
    assert [minute for minute, _, value in world.values("tracking/records{site=%28other%29}") if value] == [0, 1]


def test_the_first_bucket_of_a_lake_that_was_there_is_whole() -> None:
    """When metrics are turned on for an old lake, the bucket that is under way has none: it would be too small."""
    world = World()
    world.arrive(SHARDS[0], tally(0.1))
    world.start()
    world.arrive(SHARDS[0], tally(0.3, 4))
    world.measuring.turn()
    world.horizon = after(0.5)
    world.measuring.turn()
    world.arrive(SHARDS[0], tally(0.6, 5))
    world.arrive(SHARDS[0], tally(1.2, 6))
    world.horizon = after(2.0)
    world.measuring.turn()

    assert world.values("tracking/records") == [(1, 0, 6)]


def test_other_buckets_after_a_change_of_their_length() -> None:
    """METRIC_BUCKET_SECONDS may change between two starts: from the next whole bucket on the new length counts."""
    world = World()
    world.arrive(SHARDS[0], tally(0.1))
    world.horizon = after(1.0)
    world.measuring.turn()
    world.start(seconds=120)
    world.horizon = after(1.1)
    world.measuring.turn()
    world.arrive(SHARDS[0], tally(2.2, 4))
    world.arrive(SHARDS[0], tally(3.2, 5))
    world.horizon = after(4.0)
    world.measuring.turn()

    found = [(each.bucket_seconds, each.value) for each in world.told() if each.series.key == "tracking/records"]
    assert found == [(60, 10), (120, 9)]


@pytest.mark.parametrize("seed", range(12))
def test_killed_anywhere(seed: int) -> None:
    """However often it is killed, a bucket has one value in each revision, none is left out, and the last is right."""
    random, world = Random(seed), World()
    sent: dict[int, int] = defaultdict(int)
    at = dict.fromkeys(SHARDS, 0.0)
    world.measuring.turn()
    for _ in range(120):
        shard = random.choice(SHARDS)
        start = max(0.0, at[shard] - random.choice((0, 0, 0, 0.3)))
        found = tally(start, random.randint(1, 9))
        world.arrive(shard, found, until=max(found.newest, ZERO + at[shard] * 60))
        sent[(found.start - ZERO) // 60] += found.records
        at[shard] = start + random.choice((0.1, 0.4, 1.5))
        world.horizon = after(min(at.values()))
        world.stream.down = random.random() < 0.2
        world.files.when = random.choice(("", "", "before", "after"))
        try:
            world.measuring.turn()
        except CallFailed:
            pass
        except Killed:
            world.start()
        world.files.when = ""
        if random.random() < 0.1:
            world.start()
    world.stream.down, world.horizon = False, after(max(at.values()) + 1)
    for shard in SHARDS:
        world.arrive(shard, until=world.horizon.timestamp())
    world.measuring.turn()

    values: dict[tuple[int, int], set[float | None]] = defaultdict(set)
    for minute, revision, value in world.values("tracking/records"):
        values[minute, revision].add(value)
    assert all(len(each) == 1 for each in values.values())
    minutes = sorted({minute for minute, _ in values})
    assert minutes == list(range(minutes[-1] + 1))
    last = {minute: values[minute, max(each for own, each in values if own == minute)].pop() for minute in minutes}
    uncounted = sum(records for _, records in world.observer.of("uncounted"))
    assert sum(value or 0 for value in last.values()) + uncounted == sum(sent.values())
    if not uncounted:
        assert {minute: records for minute, records in last.items() if records} == dict(sent)


class Loaded(Table):
    """Answers each question with one row, and counts what it is asked."""

    def __init__(self) -> None:
        super().__init__(Lake())
        self.asked: list[str] = []
        self.loads = 0

    def load(self, entries: Sequence[LogEntry]) -> Sequence[LoadOutcome]:
        """See Warehouse: all is there."""
        self.loads += 1
        return [LoadOutcome(entry.records - 1, 1, 0) for entry in entries]

    def ask(self, sql: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """See Warehouse."""
        self.asked.append(sql)
        if "wrong" in sql:
            raise CallFailed("warehouse", "ParserException", "no such column")
        return ["country", "value", "n"], [["de", 7, 3], [None, 1.5, 1]]


class Loading(World):
    """The same, and a warehouse."""

    def __init__(self, *questions: SqlMetric) -> None:
        self._questions = questions
        self.warehouse = Loaded()
        super().__init__()

    def start(self, seconds: int = SECONDS, dimension: str | None = None) -> None:
        """A process."""
        super().start(seconds, dimension)
        followed = Followed(
            Ledger(self.files, f"{STREAM}.loads", STREAM, seconds), self.log, lambda: self.horizon, None, many=False
        )
        self.loads = Loads({STREAM: followed}, {STREAM: self._questions}, self.observer)
        outlet = Outlet(self.stream, self.clock)
        self.measuring = Measuring({}, [followed.ledger], outlet, self.observer)

    def load(self, loaded: Mapping[str, int]) -> None:
        """All is loaded up to these numbers."""
        self.loads.turn(self.warehouse, {STREAM: loaded})
        self.measuring.turn()

    def typed(self, minute: float, records: int = 10) -> LogEntry:
        """A range with rows."""
        at = after(minute)
        self._sequence += 10
        self.log.open(SHARDS[0])
        return self.log.append(
            LogEntry(
                STREAM, SHARDS[0], 0, self.log.epoch, at, None, str(self._sequence + 9), first=str(self._sequence),
                arrived_first=at, arrived_last=at, until=at, records=records,
                files=(LakeFile("typed/x", "typed", "", 1, records, "tracking.pages"),),
            )
        )  # fmt: skip


ORDERS = SqlMetric("orders", "SELECT country, sum(n) AS value FROM t WHERE _arrived >= {start} AND _arrived < {end}")


def test_what_was_loaded() -> None:
    """Rows, share of repeats and conflicts of a bucket, and how long after its arrival the last of it was loaded."""
    world = Loading()
    first, second = world.typed(0.1), world.typed(0.4)
    world.loads.loaded(first, LoadOutcome(9, 1, 0), 12.0)
    world.loads.loaded(second, LoadOutcome(5, 3, 2), 3.0)
    world.horizon = after(1.0)
    world.load({SHARDS[0]: second.number})

    assert {each.series.key: (each.value, each.n) for each in world.told()} == {
        "tracking/load_rows": (14, 20),
        "tracking/load_repeat_ratio": (0.2, 20),
        "tracking/load_conflicts": (2, 20),
        "tracking/load_seconds": (12, 20),
    }


def test_a_bucket_of_loads_waits_for_all_of_its_ranges() -> None:
    """What arrived and is not loaded yet keeps the bucket open, as long as it takes."""
    world = Loading()
    first, second = world.typed(0.1), world.typed(0.4)
    world.horizon = after(3.0)
    world.load({SHARDS[0]: first.number})
    assert world.told() == []

    world.load({SHARDS[0]: second.number})
    assert world.values("tracking/load_rows") == [(0, 0, 18), (1, 0, 0), (2, 0, 0)]


def test_loaded_before_a_kill() -> None:
    """What became of a range that was loaded before a kill is asked of the warehouse, and counted all the same."""
    world = Loading()
    entry = world.typed(0.1)
    world.load({SHARDS[0]: 0})
    world.loads.loaded(entry, LoadOutcome(9, 1, 0), 2.0)
    world.start()
    world.horizon = after(1.0)
    world.load(world.log.newest())

    assert world.values("tracking/load_rows") == [(0, 0, 9)]
    assert world.warehouse.loads == 1


def test_a_question_makes_metrics_when_something_was_loaded() -> None:
    """Asked once for each bucket with loaded rows, about its time of arrival; never while nothing comes."""
    world = Loading(ORDERS)
    entry = world.typed(0.1)
    world.horizon = after(5.0)
    for _ in range(5):
        world.load({SHARDS[0]: entry.number})

    assert len(world.warehouse.asked) == 1
    assert (
        "_arrived >= TIMESTAMP '2026-01-02 12:00:00.000000' AND _arrived < TIMESTAMP '2026-01-02 12:01:00"
        in (world.warehouse.asked[0])
    )
    assert world.values("tracking/orders{country=de}") == [(0, 0, 7)]
    assert world.values("tracking/orders{country=%28none%29}") == [(0, 0, 1.5)]


def test_a_question_that_fails() -> None:
    """Is told, and keeps neither the other questions nor the metrics of the load from coming."""
    world = Loading(SqlMetric("broken", "SELECT wrong"), ORDERS)
    entry = world.typed(0.1)
    world.horizon = after(1.0)
    world.load({SHARDS[0]: entry.number})

    assert world.values("tracking/orders{country=de}") == [(0, 0, 7)]
    assert world.values("tracking/load_rows") == [(0, 0, 9)]
    assert [step for step, _ in world.observer.of("failing")] == ["sql_metrics"]


@pytest.mark.parametrize(
    ("names", "row", "code"),
    [
        (["x"], [1], "NoValue"),
        (["value"], ["many"], "NoNumber"),
        (["value", "who", "why"], [1, "/" * 60, "/" * 60], "LongKey"),
    ],
)
def test_answers_that_are_no_metric(names: list[str], row: list[Any], code: str) -> None:
    """An answer without a number, or with dimensions that nobody can name, says so."""
    bucket = Metric(SeriesId(STREAM, "load_rows"), ZERO, SECONDS, 1, 1)
    with pytest.raises(CallFailed) as raised:
        ORDERS.metrics(names, [row], bucket)
    assert raised.value.code == code
