"""One door under one load, and what came of it within a window; and what is lost when it is killed."""

import time
from dataclasses import dataclass
from typing import Final

from benchmarks.backend.sender import Answered, Sender
from benchmarks.gateway.contenders import Door, Place, opened
from benchmarks.gateway.requests import BATCH, requests
from benchmarks.run import BACKEND_CORE

CONNECTIONS: Final = 64
_SETTLE_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Case:
    """`records_per_second` 0: as many as are answered. `linger_ms` of ours, if not its default."""

    door: Door
    is_batch: bool = False
    records_per_second: float = 0.0
    linger_ms: float | None = None

    @property
    def records(self) -> int:
        """Of a request."""
        return BATCH if self.is_batch else 1


@dataclass(frozen=True, slots=True)
class Window:
    """What happened between two looks. `answered` and `stored` are records."""

    seconds: float
    answered: int
    stored: int
    faults: int  # requests answered otherwise, or not at all
    median_ms: float
    p99_ms: float
    cpu_seconds: float
    sender_cpu_seconds: float
    backend_cpu_seconds: float
    peak_bytes: int

    @property
    def records_per_second(self) -> float:
        """Answered 200, by the clock on the wall."""
        return self.answered / self.seconds

    @property
    def cpu_us_per_record(self) -> float:
        """Of the door."""
        return self.cpu_seconds / max(1, self.answered) * 1e6

    @property
    def records_per_cpu_second(self) -> float:
        """How many it answers with a core to itself."""
        return self.answered / self.cpu_seconds

    @property
    def other_core_share(self) -> float:
        """How busy sender and back end kept their core: near 1 they were the bottleneck."""
        return (self.sender_cpu_seconds + self.backend_cpu_seconds) / self.seconds


def window(case: Case, seconds: float, warm_up_seconds: float) -> Window:
    """A fresh door under this load, so long after it began. Raises ChildFailed."""
    settings = {} if case.linger_ms is None else {"GATEWAY_LINGER_MS": str(case.linger_ms)}
    with opened(case.door, **settings) as place, sender(case, place) as load:
        time.sleep(warm_up_seconds)  # a measured interval, not a wait for something to happen
        begun, before, cpu = load.look(), place.backend.counts(), place.child.cpu_seconds
        time.sleep(seconds)
        found, after = load.look(), place.backend.counts()
        return Window(
            seconds=found.seconds,
            answered=found.good * case.records,
            stored=after.stored - before.stored,
            faults=_faults(found),
            median_ms=found.median_ms,
            p99_ms=found.p99_ms,
            cpu_seconds=place.child.cpu_seconds - cpu,
            sender_cpu_seconds=found.cpu_seconds - begun.cpu_seconds,
            backend_cpu_seconds=after.cpu_seconds - before.cpu_seconds,
            peak_bytes=place.child.peak_bytes,
        )


def lost_by_kill(case: Case, seconds: float) -> int:
    """A door is killed under load: how many records more were answered 200 than are stored, at least 0."""
    with opened(case.door) as place, sender(case, place) as load:
        time.sleep(seconds)
        place.child.kill()
        time.sleep(_SETTLE_SECONDS)  # what the kernel still has of either side gets where it goes
        answered = load.look().good * case.records
        return max(0, answered - place.backend.counts().stored)


def sender(case: Case, place: Place) -> Sender:
    """The load, from the core of the back end."""
    rate = case.records_per_second / case.records
    return Sender(place.port, requests(case.records), CONNECTIONS, rate, BACKEND_CORE)


def _faults(found: Answered) -> int:
    return sum(found.answers.values()) - found.good + found.broken
