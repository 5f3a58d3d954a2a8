"""When what is known is stored: in rounds of a step each turn, so that judging goes on meanwhile."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from event_processor.clock import Clock
from event_processor.consuming.records import Batch
from event_processor.errors import CallFailed
from event_processor.monitoring.evaluator import Evaluator
from event_processor.monitoring.ports import MonitorObserver
from event_processor.monitoring.state import StateStore
from event_processor.rejects.ports import RejectStore
from event_processor.rejects.reject import Reject
from event_processor.telling import attempt

_PAUSE_SECONDS: Final = 1.0  # after a store failed with all its retries
_SAVE_SECONDS: Final = 5.0  # between two rounds of everything
_URGENT_SECONDS: Final = 0.5  # between two rounds of what is urgent
_SHARE: Final = 0.1  # of the time that storing a large state may take

_Step = tuple[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Stores:
    """Where things are kept."""

    state: StateStore
    rejects: RejectStore


@dataclass(slots=True)
class _Round:
    """What is stored before some batches are done."""

    steps: deque[_Step] = field(default_factory=deque)
    batches: list[Batch] = field(default_factory=list)
    is_whole: bool = False
    seconds: float = 0.0
    parts: int = 0
    size_bytes: int = 0


class Saving:
    """Stores rejects, and the parts that have changed, and then says that batches are `done`. For one thread.

    A whole round is of everything; one of what is urgent has only the parts with incidents that began, ended or were
    told, and no batch waits for it. `full_bytes` of batches in hand begin a whole round at once.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        stores: Stores,
        done: Callable[[Batch], None],
        rejected: Callable[[list[Reject]], None],
        full_bytes: int,
        clock: Clock,
        observer: MonitorObserver,
    ) -> None:
        self._evaluator, self._stores, self._done, self._rejected = evaluator, stores, done, rejected
        self._full_bytes, self._clock, self._observer = full_bytes, clock, observer
        self._judged: list[Batch] = []
        self._judged_bytes = 0
        self._rejects: list[Reject] = []
        self._round = _Round()
        self._whole_at = self._urgent_at = self._retry_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a round is under way."""
        return bool(self._round.steps)

    @property
    def is_unsaved(self) -> bool:
        """Whether there is anything that is not stored."""
        return bool(self._judged or self._rejects or self._evaluator.changed or self.is_open)

    @property
    def unfinished(self) -> int:
        """How many records are not done."""
        return sum(len(batch.records) for batch in (*self._judged, *self._round.batches))

    def judged(self, batch: Batch, rejects: Iterable[Reject]) -> None:
        """A batch whose metrics are in their series, and what of it is no metric."""
        self._judged.append(batch)
        self._judged_bytes += batch.weight_bytes
        self._rejects += rejects

    def step(self, *, hurry: bool = False) -> bool:
        """The next step, if it is time for one, or in a `hurry`. False if a store failed: in a moment again."""
        now = self._clock.monotonic()
        if now < self._retry_at or not (self.is_open or self._begin(now, hurry)):
            return now >= self._retry_at
        if isinstance(attempt(self._observer, *self._round.steps[0]), CallFailed):
            self._retry_at = self._clock.monotonic() + _PAUSE_SECONDS
            return False
        self._round.steps.popleft()
        self._round.seconds += self._clock.monotonic() - now
        if not self.is_open:
            self._end()
        return True

    def _begin(self, now: float, hurry: bool) -> bool:
        if self.is_unsaved and (hurry or now >= self._whole_at or self._judged_bytes >= self._full_bytes):
            self._begin_whole()
        elif self._evaluator.urgent and now >= self._urgent_at:
            self._round = _Round(deque(map(self._part, self._evaluator.urgent)))
        else:
            return False
        changed = self._evaluator.changed
        for number in list(changed) if self._round.is_whole else self._evaluator.urgent:
            changed.pop(number, None)
        self._evaluator.urgent = {}
        return True

    def _begin_whole(self) -> None:
        """Of all that there is now; what is judged meanwhile is for the next."""
        steps: deque[_Step] = deque(map(self._part, self._evaluator.changed))
        if self._rejects:
            steps.appendleft(("store", partial(self._store, self._rejects)))
        if not steps:
            steps.append(("save", lambda: None))  # all of it was known
        self._round = _Round(steps, self._judged, is_whole=True)
        self._judged, self._rejects, self._judged_bytes = [], [], 0

    def _end(self) -> None:
        this, now = self._round, self._clock.monotonic()
        for batch in this.batches:
            self._done(batch)
        if this.is_whole:
            self._whole_at = now + max(_SAVE_SECONDS, this.seconds / _SHARE)
        self._urgent_at = now + max(_URGENT_SECONDS, this.seconds)
        self._observer.saved(this.parts, this.size_bytes, this.seconds)
        self._round = _Round()

    def _part(self, number: int) -> _Step:
        return "save", partial(self._save, number)

    def _save(self, number: int) -> None:
        self._round.size_bytes += self._stores.state.save(number, self._evaluator.part(number))
        self._round.parts += 1

    def _store(self, rejects: list[Reject]) -> None:
        self._stores.rejects.store(rejects)
        self._rejected(rejects)
