"""A range: records of one shard that went into the lake together, and the entry of the log that says so. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
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
class LogEntry:
    """One entry of the log of a shard. Immutable; `predecessor` is the SHA-256 of the entry with the number before.

    `first` and `last` are sequence numbers in decimal digits. An entry without records (an opening, the end of a shard,
    a shard that is quiet) has no `first`, and the `last` of the entry before it: so the newest one says where to go on.
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

    @classmethod
    def read(cls, content: bytes) -> "LogEntry":
        """Raises ValueError for what is no entry."""
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


def digest(content: bytes) -> str:
    """As files and predecessors are named by it."""
    return sha256(content).hexdigest()


def later(left: datetime | None, right: datetime | None) -> datetime | None:
    """The later of two times that may be unknown."""
    return max((time for time in (left, right) if time), default=None)


_ENTRY: Final = TypeAdapter(LogEntry)
