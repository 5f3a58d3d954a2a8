"""The log of one stream: delivery's only checkpoint, its manifest and its proof.

Entries of a shard are numbered without gaps, immutable, each written only if there is none of its number, and each
names its predecessor. A delivery begins with an epoch of its own, higher than all before, and writes an opening into
each shard before its first range there. Whoever delivered until then goes on with a number that is taken by then, finds
the higher epoch, and is Superseded: so there is one writer at a time, whatever hangs, comes late or thinks it is alone.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from event_processor.clock import Clock
from event_processor.consuming.ports import Origin
from event_processor.consuming.records import Position
from event_processor.errors import CallFailed, Superseded
from event_processor.lake.layout import delivery_epoch, delivery_name, entry_name, entry_number, log_folder
from event_processor.lake.ports import Files
from event_processor.lake.ranges import LogEntry, Opening, digest, later
from event_processor.lake.revisions import Revisions

_QUIET: Final = timedelta(hours=1)  # between two entries of a shard that brings nothing


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a delivery writes first: its epoch, the stream it found, and the newest entries there were."""

    epoch: int
    began: AwareDatetime
    created: AwareDatetime
    since: AwareDatetime | None
    newest: dict[str, int]
    token: str


@dataclass(slots=True)
class _Shard:
    """The newest entry that we know of, and the number of our opening."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    newest: LogEntry | None = None
    content: bytes = b""
    opening: int | None = None
    kept: Position | None = None

    def take(self, entry: LogEntry, content: bytes) -> None:
        self.newest, self.content = entry, content


class RangeLog:
    """See Checkpoints, which it is for the reader of the stream. For any thread."""

    def __init__(self, files: Files, stream: str, clock: Clock) -> None:
        self._files, self._stream, self._clock = files, stream, clock
        self._lock = threading.Lock()
        self._shards: dict[str, _Shard] = {}
        self._beginning: Beginning | None = None
        self.opened = threading.Event()
        """Set when every shard that has a log is open to us."""

    @property
    def way_on(self) -> str:
        """See Checkpoints."""
        return f"name another LAKE and WAREHOUSE (here {log_folder(self._stream)} is the log of the earlier one)"

    @property
    def epoch(self) -> int:
        """Of this delivery."""
        if self._beginning is None:
            raise RuntimeError("nothing is written before the delivery has begun")
        return self._beginning.epoch

    @property
    def began(self) -> Mapping[str, int]:
        """The number of the newest entry of each shard when this delivery began."""
        return {} if self._beginning is None else self._beginning.newest

    def begin(self, origin: Origin) -> Origin:
        """Take an epoch. Returns the origin of the first delivery of the stream."""
        known = sorted(filter(None, map(delivery_epoch, self._files.names(f"{log_folder(self._stream)}delivery-"))))
        last = self._read_beginning(known[-1]) if known else None
        kept = origin if last is None else Origin(last.created, last.since)
        newest = dict(self._newest_numbers(last.newest if last else {}))
        epoch, token = (known[-1] if known else 0), token_hex(8)
        while True:
            epoch += 1
            ours = Beginning(epoch, self._clock.now(), kept.created, kept.since, newest, token)
            if self._files.put_new(delivery_name(self._stream, epoch), _BEGINNING.dump_json(ours)):
                self._beginning = ours
                return kept

    def read(self) -> Mapping[str, Position]:
        """Open every shard that has a log: from now on nobody else adds to it. Raises Superseded."""
        if self._beginning is None:
            raise RuntimeError("nothing is read before the delivery has begun")
        positions = {shard: self._position(self.open(shard)) for shard in self._beginning.newest}
        self.opened.set()
        return positions

    def open(self, shard: str) -> LogEntry:
        """The newest entry of a shard, which is open to us from now on, or ended. Raises Superseded."""
        state = self._state(shard)
        with state.lock:
            return self._opened(state, shard)

    def append(self, draft: LogEntry) -> LogEntry:
        """Write a range as the next entry of its shard, number and predecessor filled in.

        To be called with the same draft until it succeeds: an entry whose answer was lost is found. Raises Superseded.
        """
        state = self._state(draft.shard)
        with state.lock:
            newest = self._opened(state, draft.shard)
            while newest.first is None or newest.first != draft.first:
                newest = self._try(state, draft)
            return newest

    def advance(self, shard_id: str, position: Position) -> Position | None:
        """Write what no range says: that a shard has ended, and now and then that it is quiet up to a time."""
        state = self._state(shard_id)
        with state.lock:
            newest = self._opened(state, shard_id)
            while _is_news(newest, position):
                draft = self._draft(shard_id, newest)
                until = later(position.until, newest.until)
                newest = self._try(state, replace(draft, until=until, ended=position.ended))
            found, state.kept = state.kept, position
            return found

    def forget(self, shard_id: str) -> None:
        """The log forgets nothing."""

    def newest(self) -> Mapping[str, int]:
        """The number of the newest entry of each shard."""
        with self._lock:
            shards = dict(self._shards)
        return {name: state.newest.number for name, state in shards.items() if state.newest is not None}

    def opening(self, shard: str) -> int | None:
        """The number of our opening of a shard, None if it had ended before."""
        return self._state(shard).opening

    def entry(self, shard: str, number: int) -> LogEntry:
        """One of the log. Raises CallFailed."""
        return self._read_entry(shard, number)[0]

    def revisions(self, shard: str, newest: int) -> Revisions:
        """What the log up to that entry says of earlier ones. Raises CallFailed."""
        return Revisions(self._files, self._stream, shard, newest)

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _state(self, shard: str) -> _Shard:
        with self._lock:
            return self._shards.setdefault(shard, _Shard())

    def _opened(self, state: _Shard, shard: str) -> LogEntry:
        while (newest := state.newest) is None or not (state.opening or newest.ended):
            self._look(state, shard)
            newest = state.newest
            before = newest.newest_opening if newest else None
            if newest is None or not newest.ended:
                newest = self._try(state, replace(self._draft(shard, newest), opening=Opening(before)))
                state.opening = newest.number if newest.delivery == self.epoch else None
        state.kept = state.kept or self._position(newest)
        return newest

    def _try(self, state: _Shard, draft: LogEntry) -> LogEntry:
        """Put it behind the newest entry, if there is none yet. Returns the newest then: it, or what was there."""
        newest = state.newest
        number, predecessor = (newest.number + 1, digest(state.content)) if newest else (1, None)
        opened_by = None if draft.opening else state.opening
        revised_by = newest.newest_revision if newest else None
        entry = replace(draft, number=number, predecessor=predecessor, opened_by=opened_by, revised_by=revised_by)
        content = entry.written_out()
        if self._files.put_new(entry_name(self._stream, draft.shard, number), content):
            state.take(entry, content)
            return entry
        return self._look(state, draft.shard) or entry

    def _look(self, state: _Shard, shard: str) -> LogEntry | None:
        """Find the newest entry. Raises Superseded if it is by a later delivery."""
        known = state.newest.number if state.newest else self._known(shard)
        after = entry_name(self._stream, shard, known - 1) if known else ""
        numbers = [entry_number(name) for name in self._files.names(log_folder(self._stream, shard), after)]
        if number := max(filter(None, numbers), default=None):
            state.take(*self._read_entry(shard, number))
        if state.newest and state.newest.delivery > self.epoch:
            raise Superseded(
                f"delivery {state.newest.delivery} of stream {self._stream} has begun, this one was {self.epoch}: "
                f"it writes nothing more"
            )
        return state.newest

    def _known(self, shard: str) -> int:
        return self._beginning.newest.get(shard, 0) if self._beginning else 0

    def _read_entry(self, shard: str, number: int) -> tuple[LogEntry, bytes]:
        name = entry_name(self._stream, shard, number)
        content = self._files.get(name)
        try:
            return LogEntry.read(content), content
        except ValueError as error:
            raise CallFailed("read_log", "NoEntry", f"{name}: {error}") from error

    def _read_beginning(self, epoch: int) -> Beginning:
        name = delivery_name(self._stream, epoch)
        try:
            return _BEGINNING.validate_json(self._files.get(name))
        except ValidationError as error:
            raise CallFailed("read_log", "NoBeginning", f"{name}: not what a delivery writes") from error

    def _newest_numbers(self, known: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        """Of each shard that has a log; what an earlier delivery knew is not listed again."""
        folder, after = log_folder(self._stream), ""
        while name := next(self._files.names(folder, after), None):
            shard, slash, _ = name.removeprefix(folder).partition("/")
            after = f"{folder}{shard}/~" if slash else name
            if slash and shard:
                since = entry_name(self._stream, shard, known[shard] - 1) if shard in known else ""
                numbers = map(entry_number, self._files.names(log_folder(self._stream, shard), since))
                if number := max(filter(None, numbers), default=0):
                    yield shard, number

    def _position(self, entry: LogEntry) -> Position:
        return Position(entry.last, entry.until, entry.ended)

    def _draft(self, shard: str, newest: LogEntry | None) -> LogEntry:
        """An entry without records."""
        return LogEntry(
            stream=self._stream,
            shard=shard,
            number=0,
            delivery=self.epoch,
            written=self._clock.now(),
            predecessor=None,
            last=newest.last if newest else None,
            until=newest.until if newest else None,
        )


def _is_news(newest: LogEntry, position: Position) -> bool:
    """Whether the log does not say it yet: that the shard has ended, or, for long, that it is quiet."""
    if position.ended or newest.ended or position.sequence != newest.last:
        return position.ended and not newest.ended
    return _apart(newest.until, position.until) >= _QUIET


def _apart(before: datetime | None, after: datetime | None) -> timedelta:
    if after is None:
        return timedelta(0)
    return timedelta.max if before is None else after - before


_BEGINNING: Final = TypeAdapter(Beginning)
