"""The whole flow of one stream on one page: read, gather, flush, store, settle.

    read     take the next batch of a shard off the stream, without what the log says is in the lake already
    gather   give each record its verdict, by the contracts that count now, and put it into the open range of its shard
    flush    close the open ranges when it is time, when they are many bytes, or when other contracts count, but none
             while its shard has one that is not stored yet: on a slow disk ranges are larger, not more and more
             behind; a range is closed, too, when the hour of arrival changes
    store    on threads of their own: the files of a range, then its entry in the log, the ranges of a shard in order
    settle   what is in the log is done: the reader moves on, and the loader hears that there is something to load

A record moves one way only:

    stream -> open range -> files -> log -> done
                                       \\-> warehouse (`loader`)

The log is the checkpoint: what no entry names is read again by the next start, which moves the files of it out of the
way (`sweeping`). So nothing is lost or there twice by stopping, crashing or being killed between any two steps. What is
in hand is bounded by the reader, which hands out nothing more until something is done.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event
from typing import Final

from event_processor.clock import Clock
from event_processor.consuming.ports import Outcome, Reading
from event_processor.consuming.records import Batch, StreamRecord
from event_processor.contracts.contract_set import Contracts
from event_processor.errors import CallFailed, SettingsError
from event_processor.lake.gathering import Gathering, Range
from event_processor.lake.ports import LakeObserver
from event_processor.lake.ranges import LogEntry
from event_processor.lake.storing import Closed, Storing
from event_processor.telling import FanOut, attempt

_WAIT_SECONDS: Final = 0.2  # for a batch; as often it is seen whether ranges are stored, or due
_PAUSE_SECONDS: Final = 1.0  # after a call failed with all its retries


@dataclass(frozen=True, slots=True)
class Terms:
    """Which stream it is, when its open ranges are flushed, and how long a stop may take."""

    stream: str
    flush_seconds: float = 10.0
    flush_bytes: int = 32 * 1024 * 1024
    grace_seconds: float = 28.0


@dataclass(slots=True)
class _Lane:
    """The closed ranges of a shard, of which the first is being stored, or is to be at that time."""

    closed: deque[Closed] = field(default_factory=deque)
    storing: "Future[LogEntry] | None" = None
    store_at: float = 0.0


class Delivery:
    """Writes one stream into the lake. `run` once, `stop` from anywhere. `logged` is called for each range."""

    def __init__(
        self,
        reader: Reading,
        gathering: Gathering,
        contracts: Contracts,
        storing: Storing,
        logged: Callable[[], None],
        terms: Terms,
        clock: Clock,
        observer: LakeObserver,
    ) -> None:
        self._observer: LakeObserver = FanOut(observer)
        self._reader, self._gathering, self._contracts = reader, gathering, contracts
        self._storing, self._logged, self._terms, self._clock = storing, logged, terms, clock
        self._opened: set[str] = set()
        self._unopened: deque[Batch] = deque()
        self._open_at = 0.0
        self._lanes: dict[str, _Lane] = {}
        self._stopping = Event()
        self._turned_at = clock.monotonic()

    @property
    def waits_for_contracts(self) -> bool:
        """Whether a reject waits that is final only when the registry has been read."""
        return self._gathering.is_held

    def idle_seconds(self) -> float:
        """How long ago the loop began its latest turn: long means that it hangs, and a restart may help."""
        return self._clock.monotonic() - self._turned_at

    def stop(self) -> None:
        """Read nothing more, and let `run` come to its end."""
        self._stopping.set()
        self._reader.stop()

    def run(self) -> Outcome:
        """Work until stopped, then finish what is in hand within the grace period.

        Raises StreamReplaced, Superseded, and whatever bug has ended the reader.
        """
        while not self._stopping.is_set():
            self.turn()
        end = self._clock.monotonic() + self._terms.grace_seconds
        while self.unfinished and self._clock.monotonic() < end:
            self.finish()
            self._clock.sleep(min(_WAIT_SECONDS / 10, max(0.0, end - self._clock.monotonic())))
        written = self._reader.close(max(0.0, end - self._clock.monotonic()))
        return Outcome(self.unfinished, written)

    @property
    def unfinished(self) -> int:
        """How many records are in hand and not in the log."""
        closed = (each.range_ for lane in self._lanes.values() for each in lane.closed)
        ranges = sum(len(range_.records) for range_ in (*self._gathering.open, *closed))
        return ranges + self._gathering.unjudged + sum(len(batch.records) for batch in self._unopened)

    def turn(self) -> None:
        """One batch, if there is one, and all that can be done with what is in hand."""
        self._turned_at = self._clock.monotonic()
        self.read()
        self.gather()
        if self._is_due():
            self.flush()
        self.settle()

    def finish(self) -> None:
        """All that can be done with what is in hand, when nothing more is to come."""
        self._take()
        self.gather()
        self.flush()
        self.settle()

    # -- the steps ----------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Take a batch, and all of those whose shard could not be opened when they came."""
        batch = self._reader.next(_WAIT_SECONDS)
        if batch is not None:
            self._unopened.append(batch)
        self._take()

    def gather(self) -> None:
        """Judge what waits, and close the ranges that are full of their kind."""
        now, at = self._clock.now(), self._clock.monotonic()
        try:
            for full in self._gathering.gather(self._contracts.current, now, at):
                self._close(full)
        except SettingsError as error:
            self._observer.failing("tables", CallFailed("tables", "Contradiction", str(error)))
        else:
            self._observer.working("tables")

    def flush(self) -> None:
        """Close the open ranges of all shards that have none to be stored."""
        for range_ in self._closable():
            self._close(self._gathering.close(range_.shard))

    def settle(self) -> None:
        """Look what has been stored, and store what is next."""
        for lane in self._lanes.values():
            if lane.storing is not None and lane.storing.done():
                self._stored(lane, lane.storing)
            if lane.storing is None and lane.closed and self._clock.monotonic() >= lane.store_at:
                lane.storing = self._storing.start(lane.closed[0])
        self._tell()

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _take(self) -> None:
        """Batches in their order, each without records that are in the lake already: by who delivered before us."""
        while self._unopened and self._clock.monotonic() >= self._open_at:
            batch = self._unopened[0]
            records: list[StreamRecord] | None = list(batch.records)
            if batch.shard not in self._opened:
                records = self._open(batch)
            if records is None:
                self._open_at = self._clock.monotonic() + _PAUSE_SECONDS
                return
            self._unopened.popleft()
            if records:
                self._gathering.take(batch, records, self._clock.now())
            else:
                self._reader.done(batch)

    def _open(self, batch: Batch) -> list[StreamRecord] | None:
        """What of it is not in the lake; None if the log cannot be opened at the moment. Raises Superseded."""
        newest = attempt(self._observer, "open", lambda: self._storing.log.open(batch.shard))
        if isinstance(newest, CallFailed):
            return None
        last = int(newest.last or 0)
        records = [record for record in batch.records if int(record.sequence) > last]
        if records:
            self._opened.add(batch.shard)
        return records

    def _closable(self) -> list[Range]:
        busy = {shard for shard, lane in self._lanes.items() if lane.closed}
        return [range_ for range_ in self._gathering.open if range_.shard not in busy]

    def _is_due(self) -> bool:
        ranges = self._closable()
        if not ranges:
            return False
        opened_at = min(range_.opened_at for range_ in ranges)
        return (
            self._clock.monotonic() - opened_at >= self._terms.flush_seconds
            or sum(range_.size_bytes for range_ in ranges) >= self._terms.flush_bytes
            or any(range_.contracts.epoch != self._contracts.current.epoch for range_ in ranges)
        )

    def _close(self, range_: Range) -> None:
        self._lanes.setdefault(range_.shard, _Lane()).closed.append(Closed(range_))

    def _stored(self, lane: _Lane, storing: "Future[LogEntry]") -> None:
        lane.storing = None
        entry = attempt(self._observer, "store", storing.result)
        if isinstance(entry, CallFailed):
            lane.store_at = self._clock.monotonic() + _PAUSE_SECONDS
            return
        range_ = lane.closed.popleft().range_
        for batch in range_.batches:
            self._reader.done(batch)
        self._logged()
        self._observer.logged(entry, max(0.0, (self._clock.now() - range_.oldest).total_seconds()))
        if range_.rejects:
            self._observer.rejected(range_.rejects)

    def _tell(self) -> None:
        ranges = self._gathering.open
        size_bytes = sum(range_.size_bytes for range_ in ranges)
        self._observer.gathering(
            self._terms.stream, sum(len(range_.records) for range_ in ranges), size_bytes, self._gathering.unjudged
        )
