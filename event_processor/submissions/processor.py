"""The whole flow on one page: receive, keep, publish, turn away, settle; and, beside it, hold, extend, pace.

    receive    take messages from the queue, as many as there is room for, and make of each its records (`Handling`)
    keep       store the rejects of what is set aside, then admit it: a store that is down holds up nothing else
    publish    send the records in waves: at most one record of a submission is on the wire, so order survives refusals
    turn_away  store the rejects of records that the stream will never take, and go on behind them
    settle     delete the messages whose events are all acknowledged: the only place that deletes
    hold       see whose visibility is to be extended, and whose ran out
    extend     extend it, so that nobody else gets what is in our hands
    pace       know the stream's shards, so that each is sent what it takes

Each step is a loop on threads of its own (`Crew`). They share `Hands` (the messages that we hold) and `Outbox` (the
records to be sent), which wait until there is something to do. A message moves one way only:

    queue -> hands (-> aside) -> lane in the outbox -> finished -> deleted

and whatever goes wrong on the way, it is still held, and in the end given back to the queue: nothing is lost by
stopping, crashing or being killed, because the delete comes last. The observer hears of everything about a message
before it hears of its delete.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Final, TypeVar

from event_processor.clock import Clock
from event_processor.errors import CallFailed, RecordsRefused
from event_processor.publishing.lanes import Wave
from event_processor.publishing.publisher import Publisher
from event_processor.publishing.stream import Answer, Sink
from event_processor.rejects.ports import RejectStore
from event_processor.submissions.crew import Crew, Outcome
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.extensions import look_seconds
from event_processor.submissions.giving_back import GivingBack
from event_processor.submissions.handling import Handling
from event_processor.submissions.hands import Hands, Lost
from event_processor.submissions.limits import Limits
from event_processor.submissions.monitor import Monitor
from event_processor.submissions.outbox import Outbox
from event_processor.submissions.ports import Observer, Source
from event_processor.submissions.record_limit import RecordLimit
from event_processor.submissions.reject_limit import RejectLimit
from event_processor.submissions.written_event import RecordRules
from event_processor.telling import FanOut, attempt

_PAUSE_SECONDS: Final = 1.0  # after a call failed with all its retries
_RESHARD_SECONDS: Final = 60.0  # between two looks at the shards, if no answer tells sooner that they changed
_IDLE_SECONDS: Final = 0.1  # after a receive that brought nothing: with a wait time of 0 it would never rest

T = TypeVar("T")


class Processor:
    """Receives submissions, publishes their events in order, deletes what is done. `run` once, `stop` from anywhere."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and what they are asked and told
        self,
        source: Source,
        sink: Sink,
        rejects: RejectStore,
        publisher: Publisher,
        rules: RecordRules,
        limits: Limits,
        clock: Clock,
        observer: Observer,
        record_limit: Callable[[], int] | None = None,
    ) -> None:
        """`record_limit` asks the stream how large a record may be; without it, that is as in `rules` for ever."""
        observer, monitor = FanOut(observer), Monitor()
        self._source, self._sink, self._clock, self._observer = source, sink, clock, observer
        self._monitor, self._limits = monitor, limits
        self._hands, self._outbox = Hands(monitor, limits, clock), Outbox(monitor, publisher, clock)
        self._giving_back = GivingBack(source, self._hands, self._outbox, observer)
        self._record_limit = RecordLimit(rules, record_limit, clock, observer)
        self._handling = Handling(
            monitor,
            self._hands,
            self._outbox,
            self._giving_back,
            rejects,
            self._record_limit,
            RejectLimit(limits.reject_share, limits.reject_run),
            clock,
            observer,
        )
        self._crew = Crew(monitor, self._hands, self._giving_back, limits, clock, observer)

    def receive(self) -> None:
        """Take messages while there is room for them. Room is reserved before the call, so the bounds always hold."""
        while (room := self._hands.reserve()) is not None:
            start = self._clock.monotonic()
            deliveries = self._attempt("receive", self._source.receive)
            call_seconds = self._clock.monotonic() - start
            if isinstance(deliveries, CallFailed):
                self._hands.take([], room, may_be_more=deliveries.may_be_done)
                self._monitor.pause_unless_stopping(_PAUSE_SECONDS)
                continue
            taken = self._hands.take(deliveries, room)
            if not deliveries:
                self._monitor.pause_unless_stopping(_IDLE_SECONDS)
                continue
            self._observer.received(deliveries, call_seconds)
            self._giving_back.at_once(taken.too_many, "no_room")
            self._tell_lost((delivery, "ReceivedAgain") for delivery in taken.again)
            self._giving_back.at_once(taken.stuck, "failed")
            if self._monitor.is_stopping:
                self._hands.leaving(taken.fresh)
                self._giving_back.stopping(taken.fresh)
            else:
                self._handling.handle(taken.fresh)

    def keep(self) -> None:
        """Store the rejects of what is aside, for as long as that takes, then admit its records as of any other."""
        while batch := self._hands.next_aside():
            self._handling.keep(batch)
            self._hands.kept(batch)

    def publish(self) -> None:
        """Carry waves to the stream and the answers back. What was refused, or got no answer, goes again, for ever."""
        while (wave := self._outbox.next_wave()) is not None:
            start = self._clock.monotonic()
            answers = self._attempt("put", partial(self._sink.put, wave.records))
            if isinstance(answers, RecordsRefused):
                self._blame(wave.lanes, answers.code, start, together=True)
            else:
                self._apply(wave, None if isinstance(answers, CallFailed) else answers, start)

    def _apply(self, wave: Wave, answers: Sequence[Answer] | None, start: float) -> None:
        now = self._clock.monotonic()
        outcome = self._outbox.settle(wave, answers, now)
        self._observer.wave(wave.submissions, len(outcome.acknowledged), len(outcome.refused), now - start)
        self._observer.published(outcome.acknowledged)
        self._observer.refused(outcome.refused)
        for held in self._hands.held(outcome.violations) if outcome.violations else ():
            self._observer.order_violated(held.delivery)
        if outcome.blamed:
            code = next(refused.error_code for refused in outcome.refused if refused.blames_record)
            self._blame(outcome.blamed, code, start, together=False)
        self._complete(outcome.completed)

    def _blame(self, lanes: Sequence[Hashable], error_code: str, start: float, together: bool) -> None:
        """Find which of these heads the stream will never take, its limit asked for again: they become rejects."""
        self._outbox.blame(lanes, error_code, together, self._record_limit.since(start))

    def turn_away(self) -> None:
        """Make rejects of what the stream will not take. Waits for no room: its lanes may be what fills it."""
        while (found := self._outbox.next_unfit()) is not None:
            unfit, error_code = found
            self._handling.turn_away(unfit, error_code)
            self._complete(self._outbox.skip(unfit.lane))

    def _complete(self, message_ids: Iterable[Hashable]) -> None:
        now = self._clock.monotonic()
        completed = self._hands.held(message_ids)
        for held in completed:
            self._observer.completed(held.delivery, now - held.taken_at)
        self._hands.finish([held.delivery.message_id for held in completed])
        self._tell_in_flight()

    def settle(self) -> None:
        """Delete what is finished. Nothing else deletes, and nothing gets here before its last acknowledgement."""
        while (batch := self._hands.next_finished()) is not None:
            self._tell_lost(batch.lost)
            for delivery in batch.staying:
                self._giving_back.later(delivery, "original_not_kept")
            failures = self._attempt("delete", partial(self._source.delete, batch.ours)) if batch.ours else []
            if isinstance(failures, CallFailed):
                self._hands.finish_again(batch)
                self._monitor.pause(_PAUSE_SECONDS)
                continue
            self._hands.drop(batch.message_ids)
            self._tell_in_flight()
            self._tell_deleted(batch.ours, failures)

    def hold(self) -> None:
        """Look what is due for `extend`, and tell what others can see by now. Makes no calls, so it is never late."""
        while self._monitor.pause(look_seconds(self._limits.visibility_seconds)):
            self._tell_lost(self._hands.look())

    def extend(self) -> None:
        """Carry extensions to the queue, on several threads, so that a call that hangs holds up no other."""
        while batch := self._hands.next_extension():
            start = self._clock.monotonic()
            failures = self._attempt("extend", partial(self._source.change_visibility, batch))
            self._tell_lost(self._hands.extended(batch, None if isinstance(failures, CallFailed) else failures, start))

    def pace(self) -> None:
        """Tell the publisher of the stream's shards whenever they change. Not to know them costs refusals only."""
        is_over = False
        while not is_over:
            shards = self._attempt("shards", self._sink.shards)
            if not isinstance(shards, CallFailed):
                self._outbox.reshard(shards)
            is_over = not self._outbox.await_move(_PAUSE_SECONDS, _RESHARD_SECONDS)

    def run(self) -> Outcome:
        """Work until `stop`, then finish what is in hand or give it back, within the grace period."""
        limits = self._limits
        others = [
            (self.pace, 1),
            (self.publish, limits.waves_in_flight),
            (self.settle, limits.deleters),
            (self.extend, limits.extenders),
            (self.keep, limits.keepers),
            (self.turn_away, 1),
            (self.hold, 1),
        ]
        return self._crew.work(self.receive, others)

    def stop(self) -> None:
        """Receive no more. Returns at once; `run` returns when the work in hand is finished or given back."""
        self._monitor.stop()

    def renew_queue(self, largest_body_bytes: int) -> None:
        """The queue takes bodies of so many bytes by now."""
        self._hands.renew_largest_body(largest_body_bytes)

    def renew_stream(self, record_limit_bytes: int, shards: int) -> None:
        """The stream takes records of so many bytes by now, key included, and has so many open shards."""
        self._record_limit.renew(record_limit_bytes)
        self._outbox.count_shards(shards)

    def oldest_unfinished_seconds(self) -> float:
        """How long the oldest message in hand has been there; 0 if there is none. Liveness is judged by it."""
        return self._hands.oldest_seconds()

    def paced_lanes(self) -> int:
        """How many lanes wait for nothing but room on their shard: many for long means that the stream is too small."""
        return self._outbox.paced_lanes()

    def _attempt(self, step: str, call: Callable[[], T]) -> T | CallFailed:
        return attempt(self._observer, step, call)

    def _tell_lost(self, lost: Iterable[Lost]) -> None:
        for delivery, code in lost:
            self._observer.lost(delivery, code)

    def _tell_in_flight(self) -> None:
        self._observer.in_flight(len(self._outbox), self._hands.size_bytes)

    def _tell_deleted(self, deliveries: Sequence[Delivery], failures: Sequence[EntryFailure]) -> None:
        failed = {failure.delivery.message_id for failure in failures}
        self._observer.deleted([delivery for delivery in deliveries if delivery.message_id not in failed])
        if failures:
            self._observer.not_deleted(failures)
