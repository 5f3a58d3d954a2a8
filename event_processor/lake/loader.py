"""Ranges that are in the lake go into the warehouse, in the order of each shard's log; what is there is left alone.

A warehouse that is down, or held by a reader, delays loads and nothing else: what is to be loaded is what the log has
and the warehouse has not, so nothing has to be kept in memory for it, and a start loads first what is missing.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from threading import Event
from typing import Final, Protocol

from event_processor.clock import Clock
from event_processor.contracts.contract_set import Contracts, ContractSet
from event_processor.errors import CallFailed
from event_processor.lake.loading import oldest
from event_processor.lake.log import RangeLog
from event_processor.lake.ports import LakeObserver, Warehouse
from event_processor.lake.ranges import LogEntry
from event_processor.lake.revisions import ABSENT, Revisions
from event_processor.telling import FanOut, attempt

_LOOK_SECONDS: Final = 10.0  # without a range to load: others store rejects in the lake, too
_GATHER_SECONDS: Final = 1.0  # for other ranges, before a load: without it a record costs half as much again (measured)
_LONG_GATHER_SECONDS: Final = 3.0  # at full speed, when ranges are stored long before the time to flush is up
_FULL_SPEED: Final = 1500  # rows a second: more than wait for that time by default
_PAUSE_SECONDS: Final = 1.0  # after a load failed
_MOST_ENTRIES: Final = 128  # of one load
_MOST_OF_A_SHARD: Final = 8  # of these, so that one whose load has to wait holds up no other


class LoadsMeasured(Protocol):
    """Makes metrics of what is loaded; hears of each load, too (LakeObserver.loaded)."""

    def turn(self, warehouse: Warehouse, loaded: Mapping[str, Mapping[str, int]]) -> None:
        """All is loaded that there is: up to these numbers, by stream and shard. Raises nothing."""
        ...


class Loader:
    """Of all streams, for one thread. `logged` and `stop` from anywhere."""

    def __init__(
        self,
        warehouse: Warehouse,
        logs: Mapping[str, RangeLog],
        contracts: Contracts,
        clock: Clock,
        observer: LakeObserver,
        measured: "LoadsMeasured | None" = None,
    ) -> None:
        self._warehouse, self._logs, self._contracts, self._clock = warehouse, logs, contracts, clock
        self._observer: LakeObserver = FanOut(observer, *([measured] if measured else []))
        self._measured = measured
        self._loaded: dict[str, dict[str, int]] = {}
        self._asked: set[str] = set()
        """Streams of which that is what the warehouse said, since a load failed last."""
        self._ours: set[str] = set()
        self._prepared: ContractSet | None = None
        self._revisions: dict[tuple[str, str], Revisions] = {}
        """Of shards of which a file was gone: a compaction has replaced it, if the warehouse is older than that."""
        self._something, self._stopping = Event(), Event()
        self._rows, self._turned_at = 0, clock.monotonic()
        self.gather_seconds = _GATHER_SECONDS

    def logged(self) -> None:
        """There is something to load."""
        self._something.set()

    def stop(self) -> None:
        """Load what there is, once more, and no longer."""
        self._stopping.set()
        self._something.set()

    def run(self, alive: Callable[[], None] = lambda: None) -> None:
        """Load until stopped. `alive` is called for each round."""
        while not self._stopping.is_set():
            alive()
            self._something.wait(_LOOK_SECONDS)
            self._stopping.wait(self.gather_seconds)
            self._something.clear()
            if not self.turn():
                self._something.set()
                self._stopping.wait(_PAUSE_SECONDS)

    def finish(self, seconds: float) -> int:
        """Load what is left within so many seconds. Returns how many ranges are not loaded then."""
        end = self._clock.monotonic() + seconds
        while self.left and self._clock.monotonic() < end and self.turn():
            pass
        self._warehouse.close()
        return self.left

    @property
    def left(self) -> int:
        """How many entries of the logs are not loaded, those included that have nothing to load."""
        return sum(ranges for _, ranges in self._waiting())

    def turn(self) -> bool:
        """Load all there is, ranges and then rejects. Returns whether that went well."""
        self._rows = 0
        while self.left:
            failure = attempt(self._observer, "load", self._load_some)
            for stream in self._logs:
                self._observer.to_load(stream, sum(ranges for name, ranges in self._waiting() if name == stream))
            if isinstance(failure, CallFailed):
                self._asked.clear()  # some may be loaded: the warehouse knows
                if failure.code == ABSENT:
                    attempt(self._observer, "load", self._look_for_revisions)
                return False
        if self._measured is not None:
            self._measured.turn(self._warehouse, self._loaded)
        now = self._clock.monotonic()
        is_fast = self._rows > _FULL_SPEED * (now - self._turned_at)
        self.gather_seconds, self._turned_at = _LONG_GATHER_SECONDS if is_fast else _GATHER_SECONDS, now
        return not isinstance(attempt(self._observer, "load_rejects", self._warehouse.load_rejects), CallFailed)

    def _load_some(self) -> None:
        contracts = self._contracts.current
        if self._prepared is None or self._prepared.epoch != contracts.epoch:
            self._warehouse.prepare(contracts)
            self._prepared = contracts
        for stream in self._logs:
            if stream not in self._asked:
                self._check_lake(stream)
                self._loaded[stream] = dict(self._warehouse.loaded(stream))
                self._asked.add(stream)
        entries = list(islice(self._missing(), _MOST_ENTRIES))
        wanted = [entry for entry in entries if entry.typed()]
        if wanted:
            started = self._clock.monotonic()
            outcomes = self._warehouse.load(wanted)
            self._observer.load_took(len(wanted), self._clock.monotonic() - started)
            for entry, outcome in zip(wanted, outcomes, strict=True):
                self._rows += outcome.rows
                oldest = entry.written if entry.amendment else entry.arrived_first or entry.written
                self._observer.loaded(entry, outcome, max(0.0, (self._clock.now() - oldest).total_seconds()))
        for entry in entries:
            self._loaded[entry.stream][entry.shard] = entry.number

    def _check_lake(self, stream: str) -> None:
        """Raise CallFailed if ranges of another lake are loaded: a range is known by its number, as theirs are."""
        if stream in self._ours:
            return
        for shard, number, first in self._warehouse.ask(oldest(stream))[1]:
            if not self._has(stream, shard, int(number), first):
                place = f"{stream}/{shard}/{number}"
                raise CallFailed(
                    "load", "OtherLake", f"{place} is loaded, but not of this LAKE; name another WAREHOUSE"
                )
        self._ours.add(stream)

    def _has(self, stream: str, shard: str, number: int, first: str) -> bool:
        try:
            return self._logs[stream].entry(shard, number).for_load().first == first
        except CallFailed as failure:
            if failure.code == ABSENT:
                return False
            if failure.code == "NoEntry":  # it is damaged, which `lake verify` tells
                return True
            raise

    def _missing(self) -> Iterator[LogEntry]:
        for stream, shard, newest in self._newest():
            done = self._done(stream, shard)
            for number in range(done + 1, min(newest, done + _MOST_OF_A_SHARD) + 1):
                entry = self._logs[stream].entry(shard, number).for_load()
                revisions = self._revisions.get((stream, shard))
                yield revisions.resolved(entry) if revisions else entry

    def _look_for_revisions(self) -> None:
        for stream, shard, newest in self._newest():
            self._revisions[stream, shard] = self._logs[stream].revisions(shard, newest)

    def _waiting(self) -> Iterator[tuple[str, int]]:
        """The stream of each shard, and how many of its ranges are to be loaded.

        None if more is loaded than our log knows of: by a delivery that has begun after us.
        """
        for stream, shard, newest in self._newest():
            yield stream, max(0, newest - self._done(stream, shard))

    def _newest(self) -> Iterator[tuple[str, str, int]]:
        return ((stream, shard, newest) for stream, log in self._logs.items() for shard, newest in log.newest().items())

    def _done(self, stream: str, shard: str) -> int:
        return self._loaded.get(stream, {}).get(shard, 0)
