"""What a client waits for: the results of its records. Pure bookkeeping."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from event_processor.contracts.judge import Refused
from event_processor.publishing.stream import Acknowledged, Record


class Unfinished(NamedTuple):
    """No verdict, or no acknowledgement in time. It may be on the stream or not: the client is to send it again."""

    why: str


Result = Acknowledged | Refused | Unfinished


@dataclass(slots=True, eq=False)
class Pending:
    """The records of one request. `arrived` is its time of day; the others are moments of the clock that only rises."""

    stream: str
    arrived: datetime
    started: float
    deadline: float
    results: list[Result | None]
    open: int
    when_done: Callable[[], None]

    @property
    def is_done(self) -> bool:
        """Every record has its result."""
        return not self.open

    def settle(self, position: int, result: Result) -> bool:
        """This is what became of that record. False if it had a result already."""
        if self.results[position] is not None:
            return False
        self.results[position] = result
        self.open -= 1
        if not self.open:
            self.when_done()
        return True

    def give_up(self, why: str) -> int:
        """Whatever is open stays unfinished. Returns how many records that is."""
        places = [place for place, result in enumerate(self.results) if result is None]
        for place in places:
            self.settle(place, Unfinished(why))
        return len(places)


@dataclass(slots=True, eq=False)
class Parcel:
    """One record on its way to the stream, and whose it is."""

    pending: Pending
    position: int
    record: Record
