"""What a reader needs from the world. Adapters are in `aws` and `stores`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from event_processor.consuming.records import Batch, Page, Position, Shard, StreamFacts
from event_processor.telling import StepObserver


class StreamSource(Protocol):
    """The stream. Every call has its retries inside and raises CallFailed when they are used up."""

    @property
    def name(self) -> str:
        """The name of the stream."""
        ...

    def facts(self) -> StreamFacts:
        """What the stream is now."""
        ...

    def shards(self) -> Sequence[Shard]:
        """All that it has, closed ones too, for as long as it keeps their records."""
        ...

    def iterator(self, shard_id: str, after: str | None, since: datetime | None) -> str:
        """Where to read: behind this sequence number, else what arrived since then, else from the oldest record.

        Raises ShardGone if the stream has no such shard any more.
        """
        ...

    def read(self, iterator: str, limit: int) -> Page:
        """Read up to so many records. Raises IteratorExpired, ReadThrottled (both without a retry) and ShardGone."""
        ...


class Origin(NamedTuple):
    """What the checkpoints of a stream belong to: the stream created then, read for the first time since then.

    `since` is None where reading began with the oldest record.
    """

    created: datetime
    since: datetime | None


class Checkpoints(Protocol):
    """The positions of one reader in one stream. Every call raises CallFailed when it does not succeed."""

    @property
    def way_on(self) -> str:
        """What a person has to do to read a stream that was recreated."""
        ...

    def begin(self, origin: Origin) -> Origin:
        """Keep this origin, unless there is one already. Returns the one that counts."""
        ...

    def read(self) -> Mapping[str, Position]:
        """The position of each shard."""
        ...

    def advance(self, shard_id: str, position: Position) -> Position | None:
        """Move a shard's checkpoint, durably, but never back. Returns what was there before.

        Where that is not what this reader put there, somebody else reads with the same checkpoints.
        """
        ...

    def forget(self, shard_id: str) -> None:
        """Remove what is kept of a shard that the stream no longer has."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stop went: what was `unfinished`, or whose checkpoint is not written, is read again by the next start."""

    unfinished: int
    checkpoints_written: bool

    @property
    def is_clean(self) -> bool:
        """Everything that was read is in safe hands, and its checkpoint says so."""
        return not self.unfinished and self.checkpoints_written


class Reading(Protocol):
    """Hands out the records of a stream: see Reader."""

    def next(self, timeout_seconds: float) -> Batch | None:
        """The next batch, if one comes in time."""
        ...

    def done(self, batch: Batch) -> None:
        """Everything that comes of this batch is safe: the checkpoint of its shard may move behind it."""
        ...

    def stop(self) -> None:
        """Hand out nothing more."""
        ...

    def close(self, seconds: float) -> bool:
        """Write the checkpoints of all that is done. Returns whether they are written."""
        ...


class ReadingObserver(StepObserver, Protocol):
    """Hears how reading gets on. Steps are `list_shards`, `read` and `checkpoint`."""

    def shards_seen(self, reading: int, waiting: int, retention_seconds: float) -> None:
        """So many shards are read, so many wait for the end of their parents."""

    def read(self, shard_id: str, records: int, size_bytes: int, call_seconds: float) -> None:
        """A read has brought so many records and bytes."""

    def lag(self, shard_id: str, behind_milliseconds: int) -> None:
        """So far is a shard behind its tip: as of its last read, or what is done of it if that stands still."""

    def throttled(self, shard_id: str) -> None:
        """The shard gives no more at the moment: others read it, too."""

    def gap(self, shard_id: str, since: datetime | None, until: datetime) -> None:
        """What arrived between these times was perhaps not read: the stream does not keep it any more."""

    def checkpointed(self, shard_id: str, position: Position) -> None:
        """The checkpoint is written."""

    def shared(self, shard_id: str) -> None:
        """Somebody else moves this checkpoint: two readers work for the same job."""

    def ended(self, shard_id: str) -> None:
        """The shard is closed and done to its end, or the stream does not have it any more."""
