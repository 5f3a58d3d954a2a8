"""A wave: the records of one call to the stream, and the result of that call."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Self

from event_processor.publishing.answers import Refused
from event_processor.publishing.lanes import Lane
from event_processor.publishing.record import Record


@dataclass(frozen=True, slots=True)
class Wave:
    """What goes to Kinesis in one call: the heads of `lanes`, in that order, and the submission of each."""

    lanes: tuple[Hashable, ...]
    records: tuple[Record, ...]
    submissions: tuple[Hashable, ...]

    @classmethod
    def of(cls, lanes: Sequence[Lane]) -> Self:
        """The heads of these."""
        return cls(
            lanes=tuple([lane.key for lane in lanes]),  # lists first: half the time of a generator
            records=tuple([lane.head for lane in lanes]),
            submissions=tuple([lane.loads[0].submission for lane in lanes]),
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
