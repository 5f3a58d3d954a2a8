"""The whole flow on one page: read metrics, judge each, tell people, store what is known, move the checkpoint.

    take up  new labels, hushes and models, and what channels have told people meanwhile
    read     take the next batch of a shard off the stream, and judge each metric by its series; what is not a metric is
             a reject
    miss     find what should have come by now and did not
    save     store rejects, and the parts that have changed; then only let the checkpoints move

A batch moves one way only:

    stream -> judged, people told -> its parts and rejects stored -> done -> checkpoint

and whatever goes wrong on the way, its checkpoint has not moved. A metric that is read once more is in its series
already, and changes nothing; if it is not, the finding is made once more, and has the same id. What people were told is
stored with the incident as soon as a channel has accepted it, so the next process does not tell it again.

Nothing here asks a warehouse, and nothing is scheduled: what arrives is judged when it arrives, and one deadline says
until when the next metric has to come.
"""

from collections.abc import Callable, Iterable
from threading import Event
from typing import Final, NamedTuple

from event_processor.clock import Clock
from event_processor.consuming.ports import Outcome, Reading
from event_processor.monitoring.evaluator import Evaluator
from event_processor.monitoring.given import Given
from event_processor.monitoring.ports import MonitorObserver
from event_processor.monitoring.saving import Saving, Stores
from event_processor.monitoring.silence import Tide
from event_processor.monitoring.tracked import Tracked
from event_processor.rejects.reject import Reject
from event_processor.telling import FanOut

_WAIT_SECONDS: Final = 0.2  # for a batch
_TELL_SECONDS: Final = 2.0  # between two counts of what is tracked


class Terms(NamedTuple):
    """Which stream it is, and of how many bytes in hand all is stored at once, so that more may be read."""

    stream: str
    full_bytes: int = 8 * 1024 * 1024


class Monitor:
    """Judges the metrics of a stream. `load` first, `run` once, `stop` from anywhere, `finish` in the end."""

    def __init__(
        self,
        reader: Reading,
        evaluator: Evaluator,
        stores: Stores,
        given: Callable[[], Given],
        tide: Tide,
        terms: Terms,
        clock: Clock,
        observer: MonitorObserver,
    ) -> None:
        """`given` says at once what counts now."""
        self._observer: MonitorObserver = FanOut(observer)
        self.evaluator = evaluator
        self._reader, self._teller, self._given, self._tide = reader, evaluator.teller, given, tide
        self._stream, self._clock = terms.stream, clock
        self._saving = Saving(evaluator, stores, reader.done, self._rejected, terms.full_bytes, clock, self._observer)
        self._taken_up: Given | None = None
        self._tell_at = 0.0
        self._stopping = Event()
        self._turned_at = clock.monotonic()

    def load(self, ours: Iterable[Tracked], others: Iterable[Tracked] = ()) -> None:
        """What an earlier process knew, and what those of other folders know beyond that."""
        now = self._clock.now().timestamp()
        self._taken_up = self._given()
        self.evaluator.took_up(self._taken_up)
        self.evaluator.load(ours, now)
        self.evaluator.load(others, now, ours=False)

    def run(self) -> None:
        """Work until stopped. Raises StreamReplaced, and whatever bug has ended the reader."""
        while not self._stopping.is_set():
            self.turn()

    def stop(self) -> None:
        """Read nothing more, and let `run` come to its end."""
        self._stopping.set()
        self._reader.stop()

    def finish(self, seconds: float) -> Outcome:
        """Store all that is known by now, what channels have told included, within so many seconds."""
        end = self._clock.monotonic() + seconds
        self.take_up()
        while self._saving.is_unsaved and self._clock.monotonic() < end:
            if not self._saving.step(hurry=True):
                self._clock.sleep(min(_WAIT_SECONDS, max(0.0, end - self._clock.monotonic())))
        written = self._reader.close(max(0.0, end - self._clock.monotonic()))
        return Outcome(self._saving.unfinished, written)

    @property
    def is_saving(self) -> bool:
        """Whether a round of storing is under way."""
        return self._saving.is_open

    def idle_seconds(self) -> float:
        """How long ago the loop began its latest turn: long means that it hangs, and a restart may help."""
        return self._clock.monotonic() - self._turned_at

    def turn(self) -> None:
        """One batch, if there is one, and all that is due."""
        self._turned_at = self._clock.monotonic()
        self.take_up()
        self.read()
        self.evaluator.miss(self._clock.now().timestamp(), self._tide.until)
        self._saving.step()

    def take_up(self) -> None:
        """What people say, and what they were told."""
        given, now = self._given(), self._clock.now().timestamp()
        if given is not self._taken_up:
            self._taken_up = given
            self.evaluator.took_up(given)
        for tracked in self._teller.take_up(self.evaluator.tracked, now):
            self.evaluator.note(tracked)
        if self._clock.monotonic() >= self._tell_at:
            self._tell_at = self._clock.monotonic() + _TELL_SECONDS
            self._observer.tracking(*self.evaluator.counts())

    def read(self) -> None:
        """Take a batch, and judge it."""
        batch = self._reader.next(0.0 if self._saving.is_open else _WAIT_SECONDS)
        if batch is None:
            return
        found = [self.evaluator.take_record(record, batch.shard) for record in batch.records]
        self._saving.judged(batch, [reject for reject in found if reject is not None])
        self._tide.judged(batch.shard)

    def _rejected(self, rejects: list[Reject]) -> None:
        self._observer.rejected(rejects)
        self._teller.malformed(rejects, self._stream)
