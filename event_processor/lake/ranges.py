"""A range: records of one shard that went into the lake together, and the entry of the log that says so. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal

from pydantic import AwareDatetime, TypeAdapter, ValidationError

Kind = Literal["raw", "typed", "rejects"]


@dataclass(frozen=True, slots=True)
class LakeFile:
    """An object that an entry names. `table` is set for a typed one: its schema, a dot and its name."""

    name: str
    kind: Kind
    sha256: str
    bytes: int
    rows: int
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """Written by a delivery before its first range of a shard: whoever delivered before can write none any more.

    `before` is the number of the opening before it, and `last` what was logged up to this one.
    """

    before: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """A range in the raw file of a compaction: its own raw file, byte for byte, begins there in it."""

    number: int
    at: int


@dataclass(frozen=True, slots=True)
class Compaction:
    """Large files in place of the raw and typed files of some ranges, which follow each other; rejects stay.

    The raw file is those of the ranges, one behind the other, which is a file of gzip again.
    """

    first: str
    last: str
    parts: tuple[Part, ...]
    files: tuple[LakeFile, ...]


@dataclass(frozen=True, slots=True)
class Amendment:
    """Records of an earlier range that were rejects, and that other contracts pass: the entry's files have their rows.

    `moved` are their sequence numbers, in order.
    """

    of: int
    moved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted of the records of a range that arrived within one bucket of time (`tallies`).

    `start` and times of arrival are seconds since 1970. `rejects` by reason, `groups` by the value of the dimension;
    `columns` has of each table and column the number of rows, of values, and of distinct values within this range.
    """

    start: int
    seconds: int
    oldest: float
    newest: float
    records: int
    bytes: int
    rejects: dict[str, int]
    groups: dict[str, int]
    columns: dict[str, dict[str, tuple[int, int, int]]]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the log of a shard. Immutable; `predecessor` is the SHA-256 of the entry with the number before.

    `first` and `last` are sequence numbers in decimal digits. An entry without records (an opening, the end of a shard,
    a shard that is quiet, a compaction, an amendment) has no `first`, and the `last` of the entry before it: so the
    newest one says where to go on.
    `records` = `rows` + `rejects`; repeats are found by the load only, and are among the rows here.
    Everything that arrived before `until` is in the lake; `ended`: the shard is closed, and in the lake to its end.
    """

    stream: str
    shard: str
    number: int
    delivery: int
    """The epoch of the delivery that wrote it."""
    written: AwareDatetime
    predecessor: str | None
    last: str | None
    first: str | None = None
    arrived_first: AwareDatetime | None = None
    arrived_last: AwareDatetime | None = None
    until: AwareDatetime | None = None
    ended: bool = False
    contracts: int | None = None
    """The epoch of the contracts that the records were judged by."""
    records: int = 0
    rows: int = 0
    rejects: int = 0
    files: tuple[LakeFile, ...] = ()
    opening: Opening | None = None
    opened_by: int | None = None
    """The number of the opening that it came behind."""
    compaction: Compaction | None = None
    amendment: Amendment | None = None
    revised_by: int | None = None
    """The number of the newest compaction or amendment that it came behind."""
    tallies: tuple[Tally, ...] = ()
    """None if delivery makes no metrics."""

    @classmethod
    def read(cls, content: bytes) -> "LogEntry":
        """Raises ValueError for what is not an entry."""
        try:
            return _ENTRY.validate_json(content)
        except ValidationError as error:
            raise ValueError(f"no entry of the log: {error.errors(include_input=False)[0]['msg']}") from None

    def written_out(self) -> bytes:
        """One line of JSON, the same each time."""
        return _ENTRY.dump_json(self) + b"\n"

    def typed(self) -> Sequence[LakeFile]:
        """Its typed files."""
        return [file for file in self.files if file.kind == "typed"]

    def raw(self) -> LakeFile | None:
        """The raw file of a range."""
        return next((file for file in self.files if file.kind == "raw"), None)

    @property
    def newest_opening(self) -> int | None:
        """The number of the newest opening up to here."""
        return self.number if self.opening else self.opened_by

    @property
    def newest_revision(self) -> int | None:
        """The number of the newest compaction or amendment up to here."""
        return self.number if self.compaction or self.amendment else self.revised_by

    def for_load(self) -> "LogEntry":
        """As a warehouse loads it: an amendment as the records that it moves."""
        moved = self.amendment.moved if self.amendment else ()
        return replace(self, first=moved[0], last=moved[-1]) if moved else self


def digest(content: bytes) -> str:
    """As files and predecessors are named by it."""
    return sha256(content).hexdigest()


def later(left: datetime | None, right: datetime | None) -> datetime | None:
    """The later of two times that may be unknown."""
    return max((time for time in (left, right) if time), default=None)


_ENTRY: Final = TypeAdapter(LogEntry)
