"""Delivery step by step: when ranges are cut, what waits, what a failing lake does, and the log it leaves."""

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from event_processor.consuming.ports import Origin
from event_processor.consuming.records import Position, StreamRecord
from event_processor.contracts.judge import Judge
from event_processor.contracts.streams import Stream, Template
from event_processor.errors import CallFailed, Superseded
from event_processor.lake.delivery import Delivery, Terms
from event_processor.lake.gathering import Gathering
from event_processor.lake.log import RangeLog
from event_processor.lake.raw import record_of
from event_processor.lake.storing import Storing
from event_processor.lake.sweeping import sweep
from event_processor.stores.objects import ABSENT
from event_processor.testing import ManualClock, RecordingObserver
from tests.inspecting import MemoryContracts, MemoryReading, contract, page
from tests.property.test_lake_machine import Crew
from tests.warehouses import MemoryFiles

STREAM = Stream("segment", Template.parse("{type}/{event|name}"))
SHARD = "shardId-0"
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


class FailingFiles(MemoryFiles):
    """A lake that takes nothing for a while."""

    failing = False

    def put(self, name: str, content: bytes) -> None:
        """As the port says."""
        if self.failing:
            raise CallFailed("put_object", "ENOSPC", name)
        super().put(name, content)


class Scene:
    """A delivery with everything around it in memory."""

    def __init__(self, *records: tuple[datetime, bytes], batch: int = 3) -> None:
        self.clock = ManualClock(NOON + timedelta(minutes=1))
        self.files, self.observer, self.crew = FailingFiles(), RecordingObserver(), Crew()
        self.contracts = MemoryContracts(self.clock, contract("page/Home"))
        numbered = [StreamRecord(str(n), "k", at, data) for n, (at, data) in enumerate(records, 1)]
        self.reading = MemoryReading({SHARD: numbered}, batch)
        self.log = RangeLog(self.files, STREAM.name, self.clock)
        self.log.begin(Origin(NOON, None))
        self.log.read()
        self.logged = 0
        self.delivery = Delivery(
            reader=self.reading,
            gathering=Gathering(STREAM.name, Judge(STREAM), None, self.observer),
            contracts=self.contracts,
            storing=Storing(self.files, self.log, None, self.crew, self.clock),
            logged=self._one_more,
            terms=Terms(STREAM.name, 10.0, 10_000, 5.0),
            clock=self.clock,
            observer=self.observer,
        )

    def _one_more(self) -> None:
        self.logged += 1

    def turn(self, turns: int = 1, seconds: float = 0.0) -> None:
        """So many turns, and all that the threads have to do."""
        for _ in range(turns):
            self.clock.advance(seconds)
            self.delivery.turn()
            while self.crew.waiting:
                self.crew.work()
        self.delivery.settle()

    def raw(self) -> dict[str, list[bytes]]:
        """The payloads of each raw file, by the part of its name that says when."""
        return {
            "/".join(name.split("/")[2:4]) + f"#{name.rsplit('-', 3)[1]}": [
                record_of(line + b"\n").data for line in gzip.decompress(content).splitlines()
            ]
            for name, content in sorted(self.files.content.items())
            if name.startswith("raw/")
        }


def _homes(number: int, at: datetime = NOON) -> Sequence[tuple[datetime, bytes]]:
    return [(at, page(age=each)) for each in range(number)]


def test_a_range_waits_for_others() -> None:
    """Records of several reads become one range after the time to flush, and are done only then."""
    scene = Scene(*_homes(7))
    scene.turn(3)
    assert (scene.raw(), scene.reading.checkpoints) == ({}, {SHARD: 0})

    scene.turn(2, seconds=10.0)
    assert [len(payloads) for payloads in scene.raw().values()] == [7]
    assert scene.reading.checkpoints == {SHARD: 7}
    assert scene.logged == 1


def test_many_bytes_are_flushed_at_once() -> None:
    """What waits is bounded by bytes, however long the time to flush is."""
    scene = Scene(*[(NOON, page(note="x" * 6000))] * 3, batch=1)
    scene.turn(2)

    assert [len(payloads) for payloads in scene.raw().values()] == [2]


def test_a_slow_lake_gets_larger_ranges() -> None:
    """While a range is being stored what comes is gathered, so a slow disk has fewer files to write, not ever more."""
    scene = Scene(*_homes(24))
    for _ in range(4):
        scene.delivery.turn()
        scene.clock.advance(10.0)
        scene.delivery.turn()
    scene.turn(3, seconds=10.0)

    assert [len(payloads) for payloads in scene.raw().values()] == [6, 18]
    assert scene.reading.checkpoints == {SHARD: 24}


def test_a_new_hour_and_a_new_day_are_new_files() -> None:
    """Hours and days change in the middle of a batch: each file has records of one hour only, none is in two."""
    midnight = datetime(2026, 1, 3, tzinfo=UTC)
    times = [NOON, NOON + timedelta(minutes=59, seconds=59.999), NOON + timedelta(hours=1), midnight, midnight]
    scene = Scene(*[(at, page(age=n)) for n, at in enumerate(times)], batch=5)
    scene.clock.advance(13 * 3600)
    scene.turn(5, seconds=10.0)

    counts = {name: len(payloads) for name, payloads in scene.raw().items()}
    assert counts == {"dt=2026-01-02/hh=12#1": 2, "dt=2026-01-02/hh=13#3": 1, "dt=2026-01-03/hh=00#4": 2}
    assert scene.reading.checkpoints == {SHARD: 5}


def test_other_contracts_are_another_range() -> None:
    """Files are judged by one set of contracts: what is open is closed when another one counts."""
    scene = Scene(*_homes(6))
    scene.turn()
    scene.contracts.publish(contract("page/New"))
    scene.clock.advance(1)
    scene.contracts.read()
    scene.turn(3, seconds=10.0)

    entries = [scene.log.entry(SHARD, number) for number in range(2, scene.log.newest()[SHARD] + 1)]
    assert [(entry.records, entry.contracts) for entry in entries] == [(3, 1), (3, 2)]


def test_a_reject_that_is_not_final_holds_its_shard() -> None:
    """A subject without a contract waits until the registry was read after it came; a new contract counts for it."""
    scene = Scene((NOON, page(age=1)), (NOON + timedelta(minutes=1), page("Late")), (NOON, page(age=2)))
    scene.contracts.is_down = True
    scene.turn(3, seconds=10.0)
    assert [len(payloads) for payloads in scene.raw().values()] == [1]
    assert scene.delivery.waits_for_contracts

    scene.contracts.is_down = False
    scene.contracts.publish(contract("page/Late"))
    scene.clock.advance(120)
    scene.contracts.read()
    scene.turn(3, seconds=10.0)
    assert sum(map(len, scene.raw().values())) == 3
    assert not [name for name in scene.files.content if name.startswith("rejects/")]


def test_a_failing_lake_loses_nothing() -> None:
    """While the lake takes nothing, nothing is done; afterwards the same range is stored once."""
    scene = Scene(*_homes(3))
    scene.files.failing = True
    scene.turn(4, seconds=10.0)
    assert scene.reading.checkpoints == {SHARD: 0}
    assert scene.delivery.unfinished == 3

    scene.files.failing = False
    scene.turn(2, seconds=10.0)
    assert [len(payloads) for payloads in scene.raw().values()] == [3]
    assert scene.reading.checkpoints == {SHARD: 3}


def test_a_stop_flushes() -> None:
    """A stop stores what is in hand at once, and says so; with a lake that fails it says what is left."""
    scene = Scene(*_homes(3))
    scene.turn()
    scene.delivery.stop()
    scene.delivery.finish()
    while scene.crew.waiting:
        scene.crew.work()
    outcome = scene.delivery.run()
    assert (outcome.is_clean, outcome.unfinished) == (True, 0)

    broken = Scene(*_homes(3))
    broken.turn()
    broken.files.failing = True
    broken.delivery.stop()
    left = broken.delivery.run()
    assert (left.is_clean, left.unfinished) == (False, 3)


def test_the_log_is_the_checkpoint() -> None:
    """Another delivery finds the positions in the log: the last record, and a shard that has ended."""
    scene = Scene(*_homes(4), batch=4)
    scene.turn(2, seconds=10.0)
    scene.log.advance("shardId-9", Position(None, NOON, ended=True))

    other = RangeLog(scene.files, STREAM.name, scene.clock)
    assert other.begin(Origin(NOON + timedelta(days=1), None)).created == NOON, "the first delivery's stream counts"
    assert other.read() == {SHARD: Position("4", NOON), "shardId-9": Position(None, NOON, True)}
    with pytest.raises(Superseded, match="delivery 2 of stream segment has begun, this one was 1"):
        scene.log.advance(SHARD, Position("4", NOON, ended=True))


def test_a_quiet_shard_is_told_now_and_then() -> None:
    """A shard that brings nothing gets an entry an hour, so that no gap is told after a quiet week."""
    scene = Scene(*_homes(1))
    scene.turn(2, seconds=10.0)
    before = scene.log.newest()[SHARD]
    for minutes in range(1, 131):
        scene.log.advance(SHARD, Position("1", NOON + timedelta(minutes=minutes)))

    assert scene.log.newest()[SHARD] == before + 2
    assert scene.log.entry(SHARD, before + 2).until == NOON + timedelta(hours=2)


def test_a_log_that_nobody_can_read_is_told() -> None:
    """An entry that is none stops nothing but this log, and says which object it is."""
    scene = Scene(*_homes(1))
    scene.turn(2, seconds=10.0)
    name = max(name for name in scene.files.content if name.startswith(f"log/segment/{SHARD}/"))
    scene.files.content[name] = b"{"
    other = RangeLog(scene.files, STREAM.name, scene.clock)
    other.begin(Origin(NOON, None))

    with pytest.raises(CallFailed, match=name):
        other.read()


def test_sweeping_takes_what_no_entry_names() -> None:
    """Only files of earlier deliveries that are in no entry go to `swept/`, and stay there for seven days."""
    scene = Scene(*_homes(3))
    scene.turn(2, seconds=10.0)
    named = set(scene.files.content)
    orphan = "dt=2026-01-02/hh=12/shardId-0-4-9-1.ndjson.gz"
    for name in (f"raw/segment/{orphan}", f"rejects/deliver/dt=2026-01-02/hh=12/segment-{orphan[20:]}", "raw/other/x"):
        scene.files.put(name, b"")
    scene.files.put("raw/segment/dt=2026-01-02/hh=12/shardId-0-4-9-2.ndjson.gz", b"the next delivery's own")

    other = RangeLog(scene.files, STREAM.name, scene.clock)
    other.begin(Origin(NOON, None))
    other.read()
    sweep(scene.files, other, STREAM.name, scene.clock, scene.observer)
    swept = [name for name in scene.files.content if name.startswith("swept/")]
    assert sorted(name.split("/", 2)[2][:12] for name in swept) == ["raw/segment/", "rejects/deli"]
    assert named <= set(scene.files.content)
    assert "raw/other/x" in scene.files.content
    assert "raw/segment/dt=2026-01-02/hh=12/shardId-0-4-9-2.ndjson.gz" in scene.files.content

    scene.clock.advance(9 * 86400)
    sweep(scene.files, other, STREAM.name, scene.clock, scene.observer)
    assert not [name for name in scene.files.content if name.startswith("swept/")]
    with pytest.raises(CallFailed, match=ABSENT):
        scene.files.get(swept[0])
