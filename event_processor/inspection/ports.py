"""What the inspector needs from the world, beside a store of rejects (`rejects`)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from event_processor.consuming.records import Batch
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Refused
from event_processor.rejects.ports import RejectObserver
from event_processor.rejects.reject import Reject
from event_processor.telling import StepObserver


class Judging(Protocol):
    """Says whether a record is valid: see contracts.judge.Judge."""

    def judge(self, data: bytes, contracts: ContractSet) -> Accepted | Refused:
        """By these contracts."""
        ...


class Contracts(Protocol):
    """The contracts that count, as of the last time that the registry was read."""

    @property
    def current(self) -> ContractSet:
        """Swapped as a whole; costs no call."""
        ...


class Reading(Protocol):
    """Hands out the records of a stream: see consuming.reader.Reader."""

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


Counts = Mapping[str, int]
"""By subject; None of them is of a record's making: a subject that no contract has is `UNKNOWN`."""


class InspectionObserver(StepObserver, RejectObserver, Protocol):
    """Hears of the verdicts. Steps are `store`, and those of reading."""

    def judged(self, accepted: Counts, age_seconds: float) -> None:
        """A batch has its verdicts, of which these are valid; its oldest record arrived so long ago."""

    def refused(self, refused: Counts) -> None:
        """So many rejects are in the reject store."""

    def originals_not_kept(self, rejects: Sequence[Reject]) -> None:
        """The reject store has these without their original, which only the stream has, for as long as it keeps it."""

    def holding(self, records: int, batches: int) -> None:
        """So many records wait for the registry to be read, or for the reject store, and so many batches with them."""

    def broken(self, error: Exception) -> None:
        """Our own code failed on a record, which becomes a reject."""
