"""What the monitor needs from the world, beside a stream to read, a store of rejects and notices."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Protocol

from event_processor.monitoring.finding import Finding
from event_processor.monitoring.incidents import Incident
from event_processor.rejects.ports import RejectObserver
from event_processor.telling import StepObserver

ABSENT: Final = "NoSuchKey"
"""The code of CallFailed for a name that has no object."""


class Files(Protocol):
    """The objects of MONITOR_STATE: see stores.objects.Objects. Each raises CallFailed."""

    def put(self, name: str, content: bytes) -> None:
        """Returns when it is durable."""
        ...

    def put_new(self, name: str, content: bytes) -> bool:
        """Whether the name has this content now; False if it has another, which stays."""
        ...

    def get(self, name: str) -> bytes:
        """The whole of it; the code ABSENT if there is none."""
        ...

    def names(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """All that begin so and come behind that name, in the order of their characters."""
        ...

    def delete(self, name: str) -> None:
        """It is gone, or was before."""
        ...


class Taken(StrEnum):
    """What became of a metric."""

    EVALUATED = "evaluated"
    REPEATED = "repeated"  # came before, is not complete, or is too old to be judged
    REFUSED = "refused"  # of a series more than there may be
    MALFORMED = "malformed"  # a reject
    BROKEN = "broken"  # our own code failed on it


class MonitorObserver(StepObserver, RejectObserver, Protocol):
    """Hears what the monitor does. Steps are `store`, `save`, `labels`, `hushes`, `model`, and those of reading."""

    def took(self, taken: Taken, seconds: float, age_seconds: float) -> None:
        """A metric was worked on for so long; it had arrived so long ago."""

    def found(self, finding: Finding, is_new: bool) -> None:
        """A finding; a new one begins an incident."""

    def over(self, incident: Incident) -> None:
        """An incident is over, or need not be told any more."""

    def tracking(self, series: int, warming: int, critical: int, warning: int) -> None:
        """So many series, so many of them without a baseline yet; so many open incidents by severity."""

    def saved(self, parts: int, size_bytes: int, seconds: float) -> None:
        """All that has changed is stored."""

    def took_up(self, labels: int, hushes: int, model: str | None) -> None:
        """From now on these versions count, and this model."""

    def broken(self, error: Exception) -> None:
        """Our own code failed on a metric, which changes nothing."""
