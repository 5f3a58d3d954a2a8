"""Publishes rejects after all: repaired, judged as usual, in order, under the ids they always had."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.publishing.lanes import Settlement, Wave
from event_processor.publishing.publisher import Publisher
from event_processor.publishing.send import send
from event_processor.publishing.stream import Record, Sink
from event_processor.rejects.reject import KeptReject
from event_processor.verdict import Fault


class Place(NamedTuple):
    """Where a reject goes out: what shares `unit` is marked together, what shares `lane` keeps the order of `rank`.

    Without a lane a unit has one of its own.
    """

    unit: str
    lane: str | None
    rank: tuple[str, int]


class Again(Protocol):
    """Judges rejects once more, those of one stream."""

    def line(self, kept: KeptReject) -> str:
        """What a filter gets: one line of ASCII JSON; a string for what is not JSON, null for what is not there."""
        ...

    def judge(self, kept: KeptReject, repaired: str | None) -> list[Record] | tuple[Fault, ...]:
        """The records that come of it, or what is still wrong. `repaired` is a line, None for the original itself."""
        ...

    def place(self, kept: KeptReject) -> Place:
        """Where a reject goes out."""
        ...


@dataclass(slots=True)
class ReplayPlan:
    """What a replay will do: `units` holds the rejects that are marked together, and their records, in order."""

    units: dict[str, list[tuple[KeptReject, list[Record]]]] = field(default_factory=lambda: defaultdict(list))
    lanes: dict[str, str | None] = field(default_factory=dict)
    invalid: list[tuple[KeptReject, tuple[Fault, ...]]] = field(default_factory=list)
    dropped: int = 0

    @property
    def rejects(self) -> int:
        """How many rejects go out."""
        return sum(map(len, self.units.values()))

    @property
    def records(self) -> int:
        """How many records they become."""
        return sum(len(records) for unit in self.units.values() for _, records in unit)


Repair = Callable[[Sequence[str]], Sequence[str | None]]
"""Repairs lines as of `Again.line`; None for each that is to be left out."""


def plan_replay(rejects: Sequence[KeptReject], repair: Repair | None, again: Again) -> ReplayPlan:
    """Repair, if there is something for it, and judge. Raises what `repair` raises."""
    repaired = repair([again.line(kept) for kept in rejects]) if repair and rejects else None
    made = ReplayPlan()
    going: list[tuple[Place, KeptReject, list[Record]]] = []
    for number, kept in enumerate(rejects):
        line = repaired[number] if repaired else None
        if repaired and line is None:
            made.dropped += 1
            continue
        verdict = again.judge(kept, line)
        if isinstance(verdict, tuple):
            made.invalid.append((kept, verdict))
        else:
            going.append((again.place(kept), kept, verdict))
    for place, kept, records in sorted(going, key=lambda each: each[0].rank):
        made.units[place.unit].append((kept, records))
        made.lanes[place.unit] = place.lane
    return made


class Sender:
    """Puts a plan on the stream: at most one record of a lane on the wire, as in the processor."""

    def __init__(self, sink: Sink, publisher: Publisher, clock: Clock) -> None:
        self._sink, self._publisher, self._clock = sink, publisher, clock

    def send(
        self, made: ReplayPlan, mark: Callable[[Sequence[str]], None], progress: Callable[[int], None] = lambda _: None
    ) -> None:
        """Send until all is acknowledged; each unit is marked when all of it is. Raises CallFailed.

        What was marked by then stays so; the rest is for the next replay, with the same ids.
        """
        empty = [
            key
            for key, unit in made.units.items()
            if not self._publisher.admit(key, _records(unit), made.lanes.get(key))
        ]
        marking = _Marking(made, mark, progress)
        marking.settled(Settlement(completed=[*empty]))
        send(self._publisher, self._sink.put, self._clock, marking)


@dataclass(frozen=True, slots=True)
class _Marking:
    """See Listener. Gives up at the first call that fails and the first record that is refused for good."""

    made: ReplayPlan
    mark: Callable[[Sequence[str]], None]
    progress: Callable[[int], None]

    def carried(self, wave: Wave, outcome: Settlement, call_seconds: float) -> None:
        pass

    def settled(self, outcome: Settlement) -> None:
        if done := [kept.reject_id for unit in outcome.completed for kept, _ in self.made.units[str(unit)]]:
            self.mark(done)
        self.progress(len(outcome.acknowledged))

    def failed(self, error: CallFailed) -> None:
        raise error


def _records(unit: Iterable[tuple[KeptReject, list[Record]]]) -> list[Record]:
    return [record for _, records in unit for record in records]
