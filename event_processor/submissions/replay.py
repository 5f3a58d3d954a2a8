"""Publishes rejects after all: repaired, checked as usual, in order, under the ids they always had."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.publishing.lanes import Settlement, Wave
from event_processor.publishing.publisher import Publisher
from event_processor.publishing.send import send
from event_processor.publishing.stream import Record, Sink
from event_processor.rejects.reject import KeptReject
from event_processor.submissions.repair import judged_again, repairable_line
from event_processor.submissions.written_event import RecordRules
from event_processor.verdict import Fault


@dataclass(slots=True)
class ReplayPlan:
    """What a replay will do: `lanes` holds the rejects of each submission and their records, in submission order."""

    lanes: dict[str, list[tuple[KeptReject, list[Record]]]] = field(default_factory=lambda: defaultdict(list))
    invalid: list[tuple[KeptReject, tuple[Fault, ...]]] = field(default_factory=list)
    dropped: int = 0

    @property
    def rejects(self) -> int:
        """How many go out."""
        return sum(map(len, self.lanes.values()))

    @property
    def records(self) -> int:
        """As how many records."""
        return sum(len(records) for lane in self.lanes.values() for _, records in lane)


Repair = Callable[[Sequence[str]], Sequence[str | None]]
"""Repairs lines as of `repairable_line`; None for each that is to be left out."""


def plan_replay(rejects: Sequence[KeptReject], repair: Repair | None, rules: RecordRules, clock: Clock) -> ReplayPlan:
    """Repair, if there is something for it, and check. Raises what `repair` raises."""
    repaired = repair([repairable_line(kept) for kept in rejects]) if repair and rejects else None
    made = ReplayPlan()
    for number, kept in enumerate(rejects):
        line = repaired[number] if repaired else None
        if repaired and line is None:
            made.dropped += 1
            continue
        verdict = judged_again(kept, line, rules, clock.now())
        if isinstance(verdict, tuple):
            made.invalid.append((kept, verdict))
        else:
            made.lanes[kept.submission_id or kept.reject_id].append((kept, verdict))
    for lane in made.lanes.values():
        lane.sort(key=lambda entry: entry[0].sequence or 0)
    return made


class Sender:
    """Puts a plan on the stream: at most one record of a submission on the wire, as in the processor."""

    def __init__(self, sink: Sink, publisher: Publisher, clock: Clock) -> None:
        self._sink, self._publisher, self._clock = sink, publisher, clock

    def send(
        self, made: ReplayPlan, mark: Callable[[Sequence[str]], None], progress: Callable[[int], None] = lambda _: None
    ) -> None:
        """Until all is acknowledged; each submission is marked when all of it is. Raises CallFailed.

        What was marked by then stays so; the rest is for the next replay, with the same ids.
        """
        empty = [key for key, lane in made.lanes.items() if not self._publisher.admit(key, _records(lane))]
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
        if done := [kept.reject_id for lane in outcome.completed for kept, _ in self.made.lanes[str(lane)]]:
            self.mark(done)
        self.progress(len(outcome.acknowledged))

    def failed(self, error: CallFailed) -> None:
        raise error


def _records(lane: Iterable[tuple[KeptReject, list[Record]]]) -> list[Record]:
    return [record for _, records in lane for record in records]
