"""A whole lake as `deliver` makes it, with its DuckDB file, in a folder; for tests of what looks at one."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from event_processor.consuming.ports import Origin
from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Judge
from event_processor.contracts.streams import Stream
from event_processor.lake.delivery import Delivery, Terms
from event_processor.lake.gathering import Gathering
from event_processor.lake.loader import Loader
from event_processor.lake.log import RangeLog
from event_processor.lake.storing import Storing
from event_processor.lake.typed import StreamTyping
from event_processor.stores.duckdb_engine import connection
from event_processor.stores.objects import Objects
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.stores.parquet_duckdb import ParquetWriter
from event_processor.stores.warehouse_duckdb import DuckDBWarehouse
from event_processor.telling import FanOut
from event_processor.testing import ManualClock, RecordingObserver
from tests.inspecting import MemoryContracts, MemoryReading
from tests.property.test_lake_machine import Crew
from tests.unit.lake.tabling import contract, stream

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
VISITS = stream("visit", "web.visits", "visits", id="id")
TEXT = {"type": "string"}
VISIT = contract("visit", {"id": TEXT, "page": TEXT, "n": {"type": "integer"}}, ("id",))
SHARDS = ("shardId-000000000000", "shardId-000000000001")
MANY = 64 * 1024 * 1024


def visit(number: int, **more: Any) -> bytes:
    """A record's payload."""
    return json.dumps({"id": f"v{number}", "page": "/home"} | more).encode()


class Lake:
    """The stream `visits` of two shards, delivered range by range and loaded."""

    def __init__(self, folder: Path, files: Objects | None = None, visits: Stream = VISITS) -> None:
        self.visits = visits
        self.folder, self.warehouse_file = folder / "lake", folder / "warehouse.duckdb"
        self.files: Objects = files or DirectoryObjects(self.folder)
        self.clock = ManualClock(NOON + timedelta(minutes=1))
        self.contracts = MemoryContracts(self.clock, VISIT)
        self.records: dict[str, list[StreamRecord]] = {shard: [] for shard in SHARDS}
        self.warehouse = DuckDBWarehouse(self.warehouse_file, self.files, [visits], timedelta(hours=24))
        self.writer, self._sequence = ParquetWriter(), 100

    def copied(self, folder: Path) -> "Lake":
        """The same once more, with all that is in its folder."""
        shutil.copytree(self.warehouse_file.parent, folder)
        made = Lake(folder)
        made.clock.advance((self.clock.now() - made.clock.now()).total_seconds())
        made.contracts.read()
        made.records = {shard: list(records) for shard, records in self.records.items()}
        made._sequence = self._sequence
        return made

    def put(self, *payloads: bytes, shard: int = 0, at: datetime | None = None) -> None:
        """Onto the stream."""
        for data in payloads:
            self._sequence += 7
            record = StreamRecord(str(self._sequence), "key", at or self.clock.now(), data)
            self.records[SHARDS[shard]].append(record)

    def deliver(self, load: bool = True, turns: int = 1) -> None:
        """Everything that is on the stream and not in the lake, by a delivery of its own, as ranges of one shard.

        Its loader succeeds in so many turns.
        """
        log, crew, observer = RangeLog(self.files, VISITS.name, self.clock), Crew(), RecordingObserver()
        log.begin(Origin(NOON, None))
        log.read()
        typing = StreamTyping(self.visits, self.writer, FanOut())
        delivery = Delivery(
            reader=MemoryReading({shard: list(records) for shard, records in self.records.items() if records}, 1000),
            gathering=Gathering(VISITS.name, Judge(self.visits), typing, observer),
            contracts=self.contracts,
            storing=Storing(self.files, log, typing, crew, self.clock),
            logged=lambda: None,
            terms=Terms(VISITS.name, 10.0, MANY, 5.0),
            clock=self.clock,
            observer=observer,
        )
        for _ in range(2 * len(SHARDS) + 2):
            self.clock.advance(11)
            self.contracts.read()
            delivery.turn()
            while crew.waiting:
                crew.work()
        delivery.settle()
        if load:
            loader = Loader(self.warehouse, {VISITS.name: log}, self.contracts, self.clock, observer)
            assert any(loader.turn() for _ in range(turns))

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Asked of the warehouse, or done to it."""
        with connection(64 * 1024 * 1024, str(self.warehouse_file)) as opened:
            return opened.execute(statement).fetchall()
