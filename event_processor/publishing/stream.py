"""The stream as publishing sees it: what goes to it, what it answers, its shards, and who hears of it."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


@dataclass(slots=True, unsafe_hash=True)  # as good as frozen, which would cost a microsecond each
class Record:
    """A Kinesis record, ready to send: `data` is the JSON document of one event. It never changes.

    `submission_id` is the submission's that the event is of, None for a record of no submission. `size_bytes` is what
    Kinesis counts towards its limits: data and partition key.
    """

    partition_key: str
    data: bytes
    event_type: str
    sequence: int
    submission_id: str | None = None
    size_bytes: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.size_bytes = len(self.data) + len(self.partition_key.encode())


class Acknowledged(NamedTuple):
    """The record is stored, in this shard under this number."""

    shard_id: str
    sequence_number: int


class Refused(NamedTuple):
    """The record is not stored, and why. `blames_record`: for what it is, so that sending it again may never help."""

    error_code: str
    blames_record: bool = False


Answer = Acknowledged | Refused
"""To one record of a call. A 200 answer to the call says nothing: each record has its own fate."""


@dataclass(frozen=True, slots=True)
class Shard:
    """An open shard, and the first of the hash keys that it holds: those up to the next one's first."""

    shard_id: str
    first_hash_key: int


class Sink(Protocol):
    """The stream that records are put onto."""

    def put(self, records: Sequence[Record]) -> Sequence[Answer]:
        """Send the records in one call; an answer for each, in that order.

        Raises CallFailed if there was no answer, RecordsRefused if it was that some record spoils the call.
        """
        ...

    def shards(self) -> Sequence[Shard]:
        """The shards that take records now. Raises CallFailed."""
        ...


class PublishingObserver(Protocol):
    """Hears of each wave and of its records."""

    def wave(self, submissions: Sequence[Hashable], acknowledged: int, refused: int, call_seconds: float) -> None:
        """A wave is back, with a record of each of these submissions. Neither: nobody knows whether it is stored."""

    def published(self, records: Sequence[Record]) -> None:
        """Kinesis acknowledged these."""

    def refused(self, refusals: Sequence[Refused]) -> None:
        """Kinesis refused so many records of a wave; they go again."""
