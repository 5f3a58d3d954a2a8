"""Metrics that a database tells: what its outbox has goes onto the stream, and only then out of the outbox.

    take    what waits, the oldest first; others that listen to the same table take other rows
    send    those that are metrics; the others are marked as refused and stay
    done    forgotten in the same transaction: a kill before that sends them once more, in the same revision

A notification only wakes us; what was written while nobody listened waits in the table.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Event
from typing import Final, NamedTuple, Protocol

from event_processor.errors import CallFailed
from event_processor.metrics.metric import Metric, read_metric
from event_processor.metrics.outlet import STEP, Outlet
from event_processor.telling import FanOut, StepObserver

MOST: Final = 500
"""Of one transaction."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_WAIT_SECONDS: Final = 1.0  # by then a stop is seen


class Waiting(NamedTuple):
    """A row of the outbox."""

    number: int
    record: bytes


class Taken(Protocol):
    """Rows of the outbox that nobody else gets, until the transaction ends; it is undone if we fail."""

    rows: Sequence[Waiting]

    def forget(self, numbers: Sequence[int]) -> None:
        """They are on the stream."""
        ...

    def refuse(self, number: int, why: str) -> None:
        """It is not a metric, and stays as it is."""
        ...


class Outbox(Protocol):
    """The outbox of one database, of which a connection is open. Each raises CallFailed."""

    def take(self, most: int) -> AbstractContextManager[Taken]:
        """The oldest rows that wait."""
        ...

    def wait(self, seconds: float) -> None:
        """Until somebody notifies, or so long."""
        ...

    def close(self) -> None:
        """Raises nothing."""
        ...


class ListenObserver(StepObserver, Protocol):
    """Hears how it gets on. The only step is `metrics`."""

    def told(self, metrics: int) -> None:
        """So many are on the stream."""

    def refused(self, number: int, why: str) -> None:
        """A row of the outbox is not a metric."""


class Listening:
    """`run` once, `stop` from anywhere. `connect` raises CallFailed."""

    def __init__(self, connect: Callable[[], Outbox], outlet: Outlet, observer: ListenObserver) -> None:
        self._connect, self._outlet = connect, outlet
        self._observer: ListenObserver = FanOut(observer)
        self._stopping = Event()

    def stop(self) -> None:
        """Come to an end."""
        self._stopping.set()

    def run(self) -> None:
        """Until stopped; whatever fails is told and tried again."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                outbox = self._connect()
                try:
                    while not self._stopping.is_set():
                        while self.turn(outbox):
                            pass
                        self._observer.working(STEP)
                        pause = _FIRST_PAUSE
                        outbox.wait(_WAIT_SECONDS)
                finally:
                    outbox.close()
            except CallFailed as error:
                self._observer.failing(STEP, error)
                self._stopping.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def turn(self, outbox: Outbox) -> bool:
        """One transaction; whether there may be more. Raises CallFailed, with nothing forgotten."""
        with outbox.take(MOST) as taken:
            sound: list[tuple[str, str]] = []
            numbers = []
            for row in taken.rows:
                found = read_metric(row.record)
                if isinstance(found, Metric):
                    sound.append((found.series.key, found.to_json().decode()))
                    numbers.append(row.number)
                else:
                    taken.refuse(row.number, found.detail)
                    self._observer.refused(row.number, found.detail)
            self._outlet.send(sound)
            taken.forget(numbers)
            if sound:
                self._observer.told(len(sound))
            return len(taken.rows) == MOST and not self._stopping.is_set()
