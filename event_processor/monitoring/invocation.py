"""One batch of metrics of a shard, for whoever is handed it and only has to answer, as a Lambda function is.

The same evaluation as in `monitor`, without threads and checkpoints: what is known of the shard's series is read,
stored again when they are judged, and then people are told. A series is in one shard, so no two calls at a time have
the same; after a shard was split, each half finds what the whole knew. What is silent is seen when something else of
the shard arrives.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from event_processor.clock import Clock
from event_processor.consuming.records import StreamRecord
from event_processor.errors import CallFailed
from event_processor.monitoring.evaluator import Evaluator
from event_processor.monitoring.given import Giving
from event_processor.monitoring.ports import Files, MonitorObserver
from event_processor.monitoring.state import StateStore
from event_processor.monitoring.told import Teller
from event_processor.monitoring.tracked import Tracked
from event_processor.rejects.ports import RejectStore
from event_processor.telling import attempt


@dataclass(frozen=True, slots=True)
class Means:
    """What every batch is worked on with. `rejects` is asked for when there is one to store; raises CallFailed."""

    stream: str
    most_series: int
    files: Files
    giving: Giving
    teller: Teller
    rejects: Callable[[], RejectStore]
    clock: Clock
    observer: MonitorObserver


class Batch:
    """Metrics of one shard. `evaluated` first; when people were told, `note` that."""

    def __init__(self, means: Means, shard: str) -> None:
        """Raises CallFailed if what is known cannot be read."""
        self._means, self._shard = means, shard
        self._state = StateStore(means.files, shard)
        others = cache(self._others)
        self._evaluator = Evaluator(
            means.stream,
            means.most_series,
            means.teller,
            means.clock,
            means.observer,
            lambda key: others().get(key),
        )
        self._evaluator.took_up(means.giving.look())
        self._evaluator.load(list(self._state.load()), means.clock.now().timestamp())

    def evaluated(self, records: Sequence[StreamRecord], deadline: float) -> int:
        """How many of the records are finished, by this time of the clock: judged, and all that comes of it stored."""
        means, rejects, finished = self._means, [], 0
        for record in records:
            if means.clock.monotonic() >= deadline:
                break
            if (reject := self._evaluator.take_record(record, self._shard)) is not None:
                rejects.append(reject)
            finished += 1
        if finished:
            self._evaluator.miss(means.clock.now().timestamp(), records[finished - 1].arrived.timestamp())
        if rejects:
            if isinstance(attempt(means.observer, "store", lambda: means.rejects().store(rejects)), CallFailed):
                return 0
            means.observer.rejected(rejects)
            means.teller.malformed(rejects, means.stream)
        means.observer.tracking(*self._evaluator.counts())
        return finished if self._save() else 0

    def note(self) -> None:
        """Store what people were told by now; if that fails, they may hear it once more."""
        for tracked in self._means.teller.take_up(self._evaluator.tracked, self._means.clock.now().timestamp()):
            self._evaluator.note(tracked)
        self._save()

    def _save(self) -> bool:
        """Whether all that has changed is stored."""
        means = self._means
        for part in list(self._evaluator.changed):
            save = partial(self._state.save, part, self._evaluator.part(part))
            if isinstance(attempt(means.observer, "save", save), CallFailed):
                return False
            del self._evaluator.changed[part]
        return True

    def _others(self) -> dict[str, Tracked]:
        return {each.key: each for each in self._state.others()}
