"""Lanes and waves: the records that must stay in order, and those of one call. Pure bookkeeping."""

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Self

from event_processor.publishing.pacing import ANY_SHARD
from event_processor.publishing.stream import Acknowledged, Record, Refused


@dataclass(slots=True)
class Load:
    """What is left of one submission, and the shard that its records go to."""

    submission: Hashable
    remaining: deque[Record]
    shard_id: str = ANY_SHARD


@dataclass(slots=True)
class Lane:
    """A submission, or those of a message group one after the other; `refusals` in a row of its head."""

    key: Hashable
    loads: deque[Load] = field(default_factory=deque)  # never empty, and the first has records
    refusals: int = 0
    last: Acknowledged | None = None

    @property
    def remaining(self) -> deque[Record]:
        """The records that are left of the first submission."""
        return self.loads[0].remaining

    @property
    def head(self) -> Record:
        """The one record that may be on the wire."""
        return self.loads[0].remaining[0]


@dataclass(frozen=True, slots=True)
class Wave:
    """What goes to Kinesis in one call: the heads of `lanes`, in that order, and the submission of each."""

    lanes: tuple[Hashable, ...]
    records: tuple[Record, ...]
    submissions: tuple[Hashable, ...]

    @classmethod
    def of(cls, lanes: Sequence[Lane]) -> Self:
        """The wave that carries the heads of these lanes."""
        loads = [lane.loads[0] for lane in lanes]
        return cls(
            lanes=tuple([lane.key for lane in lanes]),  # lists first: half the time of a generator
            records=tuple([load.remaining[0] for load in loads]),
            submissions=tuple([load.submission for load in loads]),
        )


@dataclass(slots=True)
class Settlement:
    """What a wave's answers came to. `completed` and `violations` name submissions, as they were admitted."""

    completed: list[Hashable] = field(default_factory=list)
    acknowledged: list[Record] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    violations: list[Hashable] = field(default_factory=list)
    blamed: list[Hashable] = field(default_factory=list)  # lanes whose heads were refused for what they are
    elsewhere: bool = False  # a record went to another shard than we thought: the stream was resharded


@dataclass(frozen=True, slots=True)
class Unfit:
    """A record that its stream will never take. Its lane waits until it is skipped."""

    lane: Hashable
    submission: Hashable
    record: Record
