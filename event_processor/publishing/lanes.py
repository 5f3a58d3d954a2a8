"""A lane: the records that must stay in order, so that at most one of them is on the wire. Pure bookkeeping."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

from event_processor.publishing.answers import Acknowledged
from event_processor.publishing.pacing import ANY_SHARD
from event_processor.publishing.record import Record


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
        """What is left of the first submission."""
        return self.loads[0].remaining

    @property
    def head(self) -> Record:
        """The one record that may be on the wire."""
        return self.loads[0].remaining[0]

    def falls(self, answer: Acknowledged) -> bool:
        """Within a lane on one shard sequence numbers rise; a fall means that the stream has it out of order."""
        before, self.last = self.last, answer
        return (
            before is not None
            and before.shard_id == answer.shard_id
            and (answer.sequence_number <= before.sequence_number)
        )
