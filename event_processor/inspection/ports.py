"""What the inspector needs from the world, beside a store of rejects (`rejects`)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from event_processor.rejects.ports import RejectObserver
from event_processor.rejects.reject import Reject
from event_processor.telling import StepObserver

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
