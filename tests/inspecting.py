"""An inspector with everything around it in memory: a stream that survives crashes, a registry that can be down."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from event_processor.consuming.records import Batch, StreamRecord
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judge
from event_processor.contracts.streams import Stream, Template
from event_processor.inspection.inspector import Inspector, Terms
from event_processor.notices.notice import Key, Notice
from event_processor.rejects.reject import Reject
from event_processor.testing import ManualClock, MemoryRejects, RecordingObserver

STREAM = Stream("segment", Template.parse("{type}/{event|name}"))
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def contract(subject: str, version: str = "1-0-0", **more: Any) -> Contract:
    """One whose `age` is an integer and `plan` one of two."""
    properties = {"age": {"type": "integer"}, "plan": {"enum": ["free", "paid"]}}
    schema = {"type": "object", "properties": properties, "x-subject": subject, "x-version": version}
    return Contract.compile({**schema, **more})


def page(name: str = "Home", **fields: object) -> bytes:
    """A record about `page/<name>`."""
    return json.dumps({"type": "page", "name": name, **fields}).encode()


def record(number: int, data: bytes, arrived: datetime = START) -> StreamRecord:
    """The record with that sequence number."""
    return StreamRecord(str(number), "key", arrived, data)


class MemoryContracts:
    """See Contracts. What is published counts when `read` is called, unless the registry is down."""

    def __init__(self, clock: ManualClock, *contracts: Contract) -> None:
        self._clock, self.is_down = clock, False
        self.published = {each.subject: each for each in contracts}
        self._epoch = 1
        self.current = ContractSet(1, clock.now(), dict(self.published))

    def publish(self, *contracts: Contract) -> None:
        """These are live in the registry from now on."""
        self.published |= {each.subject: each for each in contracts}
        self._epoch += 1

    def read(self) -> None:
        """Ask the registry."""
        if not self.is_down:
            self.current = ContractSet(self._epoch, self._clock.now(), dict(self.published))


class MemoryReading:
    """See Reading. A stream whose checkpoints outlive who reads: another reader begins behind them."""

    def __init__(self, shards: Mapping[str, Sequence[StreamRecord]], batch: int = 3) -> None:
        self.shards, self._batch = shards, batch
        self.checkpoints = dict.fromkeys(shards, 0)  # how many records are done
        self._given = dict.fromkeys(shards, 0)
        self._open: dict[str, list[Batch]] = {shard: [] for shard in shards}

    def again(self) -> "MemoryReading":
        """As another process finds it."""
        other = MemoryReading(self.shards, self._batch)
        other.checkpoints, other._given = self.checkpoints, dict(self.checkpoints)
        return other

    @property
    def is_done(self) -> bool:
        """Whether all checkpoints are at the end."""
        return all(self.checkpoints[shard] == len(records) for shard, records in self.shards.items())

    def next(self, timeout_seconds: float) -> Batch | None:  # noqa: ARG002 - nobody waits in a test
        """See Reading."""
        for shard, records in self.shards.items():
            at = self._given[shard]
            if at < len(records):
                batch = Batch(shard, records[at : at + self._batch], 0, 1)
                self._given[shard] += len(batch.records)
                self._open[shard].append(batch)
                return batch
        return None

    def done(self, batch: Batch) -> None:
        """See Reading."""
        assert self._open[batch.shard][0] is batch, "a batch is done before one that comes earlier in its shard"
        self._open[batch.shard].pop(0)
        self.checkpoints[batch.shard] += len(batch.records)

    def stop(self) -> None:
        """See Reading."""
        self._given = {shard: len(records) for shard, records in self.shards.items()}

    def close(self, seconds: float) -> bool:  # noqa: ARG002 - all is written at once
        """See Reading."""
        return True


class MemoryNotices:
    """See Notices."""

    def __init__(self) -> None:
        self.told: list[Notice] = []

    def tell(self, notice: Notice) -> None:
        """See Notices."""
        self.told.append(notice)

    def recovered(self, key: Key) -> None:
        """See Notices."""
        raise AssertionError(key)


class Scene:
    """All of it. `crash` is called at each step of the way with its name, and may raise."""

    def __init__(
        self, records: Sequence[bytes], *contracts: Contract, crash: Callable[[str], None] = lambda _: None
    ) -> None:
        self.clock, self.rejects, self.notices = ManualClock(START), MemoryRejects(), MemoryNotices()
        self.contracts = MemoryContracts(self.clock, *contracts)
        self.clock.advance(1)
        arrived = self.clock.now()
        self.reading = MemoryReading({"shard-0": [record(n, data, arrived) for n, data in enumerate(records, 1)]})
        self.observer, self.crash = RecordingObserver(), crash
        self.inspector = self.started()

    def started(self) -> Inspector:
        """An inspector that begins where the checkpoints are."""
        self.reading = self.reading.again()
        return Inspector(
            reader=_Crashing(self.reading, self.crash),
            judge=Judge(STREAM),
            contracts=self.contracts,
            rejects=_Crashing(self.rejects, self.crash),
            notices=_Crashing(self.notices, self.crash),
            terms=Terms(STREAM.name, 10.0, "http://status.example/"),
            clock=self.clock,
            observer=self.observer,
        )

    def turn(self, turns: int = 1, seconds: float = 0.0) -> None:
        """So many turns of the inspector, each after so many seconds and a look at the registry, if it takes any."""
        for _ in range(turns):
            if seconds:
                self.clock.advance(seconds)
                self.contracts.read()
            self.inspector.turn()

    @property
    def stored(self) -> list[Reject]:
        """The rejects in the store."""
        return self.rejects.stored

    @property
    def stored_numbers(self) -> list[int]:
        """The sequence numbers of the rejects in the store."""
        return [int(reject.origin.id.partition("/")[2]) for reject in self.stored]

    @property
    def checkpoint(self) -> int:
        """How many records are done."""
        return self.reading.checkpoints["shard-0"]


class _Crashing:
    """Any port, asked whether to crash before and after each call."""

    def __init__(self, port: Any, crash: Callable[[str], None]) -> None:
        self._port, self._crash = port, crash

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any) -> Any:
            self._crash(f"before {name}")
            result = method(*arguments)
            self._crash(f"after {name}")
            return result

        return call


MINUTE = timedelta(minutes=1)
