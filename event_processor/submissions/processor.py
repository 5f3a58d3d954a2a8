"""The whole flow on one page: receive, handle, publish, settle; and, beside it, hold.

    receive   take messages from the queue, as many as there is room for
    handle    make of each message its records, in order; set it aside if it has rejects
    keep      store the rejects of what is aside, then admit it: a store that is down holds up nothing else
    turn away store the rejects of records that the stream will never take, and go on behind them
    publish   send the records in waves: at most one record of a submission is on the wire, so order survives refusals
    settle    delete the messages whose events are all acknowledged: the only place that deletes
    hold      meanwhile, see whose visibility is to be extended, and whose ran out
    extend    and extend it, so that nobody else gets what is in our hands
    pace      and know the stream's shards, so that each is sent what it takes

Each step is a loop with threads of its own. They share `Holdings` (what is in our hands) and `Publisher` (what is to be
sent), both plain bookkeeping, under one lock. A message moves one way only:

    queue -> holdings (-> aside) -> lane in the publisher -> finished -> deleted

and whatever goes wrong on the way, it is still held, and in the end given back to the queue: nothing is lost by
stopping, crashing or being killed, because the delete comes last.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, inf
from typing import Final, TypeVar

from event_processor.errors import CallFailed, RecordsRefused
from event_processor.publishing.answers import Answer, EntryFailure
from event_processor.publishing.publisher import PUT_RECORDS_MAX_BYTES, Publisher, Unfit, Wave
from event_processor.publishing.record import Record
from event_processor.rejects.reject import Reason, Reject
from event_processor.submissions.aside import Aside
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.extensions import EXTENSION_BATCH, PARALLEL_CALLS, Extensions, look_seconds
from event_processor.submissions.holdings import Held, Holdings
from event_processor.submissions.ports import Clock, Observer, RejectStore, Sink, Source
from event_processor.submissions.reject_limit import RejectLimit
from event_processor.submissions.verdicts import RecordRules, unfit, verdicts
from event_processor.telling import safe

DELETE_BATCH: Final = 10  # the most that SQS takes in one call
REJECT_BATCH: Final = 500
KEEP_BATCH: Final = 10  # submissions whose rejects are stored together
LONGEST_DELAY_SECONDS: Final = 900
_RELEASE_SHARE: Final = 0.2  # of the grace period, kept for giving back what is not finished
_PAUSE_SECONDS: Final = 1.0  # after a call failed with all its retries
_RESHARD_SECONDS: Final = 60.0  # between two looks at the shards, if no answer tells sooner that they changed
_REMEMBERED: Final = 10_000  # rejects that were told and will come again
_IDLE_SECONDS: Final = 0.1  # after a receive that brought nothing: with a wait time of 0 it would never rest


T = TypeVar("T")


class _TimeIsUp(Exception):
    """The grace period ran out in the middle of something; what it was about is still held."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one process may have in its hands, and how many threads carry it."""

    max_submissions: int
    max_bytes: int
    receive_batch: int
    largest_body_bytes: int
    visibility_seconds: int
    grace_seconds: float
    receivers: int
    waves_in_flight: int = 2
    deleters: int = 4
    extenders: int = PARALLEL_CALLS
    keepers: int = 2
    reject_share: float = 0.0
    reject_run: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stop went: `unreleased` messages stay hidden until their visibility timeout runs out.

    So do those that a receive took without our hearing of it: its answer was lost, unreadable or is still awaited.
    How many that are nobody knows; `perhaps_hidden` is the most that it can be.
    """

    released: int
    unreleased: int
    crashed: bool
    perhaps_hidden: int = 0

    @property
    def is_clean(self) -> bool:
        """All work was finished or given back."""
        return not self.unreleased and not self.perhaps_hidden and not self.crashed


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
        self._source, self._sink, self._rejects = source, sink, rejects
        self._publisher, self._rules, self._limits = publisher, rules, limits
        self._clock, self._observer = clock, safe(observer)
        self._holdings = Holdings(limits.max_submissions, limits.max_bytes, limits.visibility_seconds)
        self._extensions = Extensions(self._holdings, limits.visibility_seconds, limits.extenders)
        self._reject_limit = RejectLimit(limits.reject_share, limits.reject_run)
        self._ask_record_limit, self._record_limit_asked_at = record_limit, -inf
        self._largest_body_bytes = limits.largest_body_bytes
        self._shards = 0  # how many there were when somebody looked
        self._aside = Aside()
        self._unfit: deque[tuple[Unfit, str]] = deque()  # and what the stream said of them
        self._told: dict[str, None] = {}  # ids of rejects that come again since their original is on the queue alone
        self._finished: deque[str] = deque()  # message ids, ready to be deleted
        self._released = self._unreleased = 0  # messages, while stopping
        self._asking = 0  # receives that have no answer yet
        self._unheard: deque[float] = deque(maxlen=10_000)  # when receives ended whose answer may have brought messages

        lock = threading.Lock()
        self._room = threading.Condition(lock)  # something was dropped: receive may go on
        self._space = threading.Condition(lock)  # the same: handle may go on
        self._work = threading.Condition(lock)  # a lane may be sent
        self._done = threading.Condition(lock)  # a message is finished
        self._expiring = threading.Condition(lock)  # visibility is to be extended
        self._kept = threading.Condition(lock)  # a message is aside
        self._refused = threading.Condition(lock)  # a record will never be taken
        self._unfolding = threading.Lock()  # one body at a time: unfolded it may be sixty times its size
        self._limit_lock = threading.Lock()  # one question about the limit at a time
        self._unfolding_aside = threading.Lock()  # the same, for those that may wait for the reject store meanwhile

        self._moved = threading.Event()  # the stream has other shards than we thought
        self._stopping = threading.Event()  # receive no more
        self._over = threading.Event()  # time is up, or all is done: no new calls
        self._crashed = threading.Event()

    # -- receive ------------------------------------------------------------------------------------------------------

    def receive(self) -> None:
        """Take messages while there is room for them. Room is reserved before the call, so the bounds always hold."""
        while (reserved := self._reserve()) is not None:
            start = self._clock.monotonic()
            deliveries = self._attempt("receive", self._ask)
            fresh = self._take(deliveries or [], reserved, self._clock.monotonic() - start)
            if not deliveries:
                self._stopping.wait(_PAUSE_SECONDS if deliveries is None else _IDLE_SECONDS)
            elif self._stopping.is_set():
                self._stop_holding(fresh)
            else:
                self.handle(fresh)

    def _ask(self) -> Sequence[Delivery]:
        """What the queue has. If the answer is lost, it may have hidden messages that nobody holds."""
        with self._room:
            self._asking += 1
        unheard = True
        try:
            deliveries = self._source.receive()
            unheard = False
        except CallFailed as error:
            unheard = error.may_be_done
            raise
        else:
            return deliveries
        finally:
            with self._room:
                self._asking -= 1
                if unheard:
                    self._unheard.append(self._clock.monotonic())

    def _reserve(self) -> tuple[int, int] | None:
        """Wait for room for one receive, for ever once too much was rejected; None once we are stopping."""
        with self._room:
            while not self._stopping.is_set():
                worst = self._worst_receive
                if not self._reject_limit.reached and self._holdings.reserve(*worst):
                    self._room.notify()  # there may be room for the next one, too
                    return worst
                self._room.wait()
            self._room.notify()
            return None

    def _take(self, deliveries: Sequence[Delivery], reserved: tuple[int, int], call_seconds: float) -> list[Delivery]:
        """Hold what came. A message that we hold already came again too late for its timeout: it is not done twice.

        If it is stuck with us, what came behind it in its group must not overtake it, and goes back. So does what there
        is no room for, since the queue takes larger messages by now than it did when we asked.
        """
        now = self._clock.monotonic()
        with self._room:
            self._largest_body_bytes = max([self._largest_body_bytes, *(each.body_bytes for each in deliveries)])
            deliveries, too_many = _fitting(deliveries, reserved[1])
            again = self._holdings.received_again(deliveries)
            stuck = self._holdings.stuck_groups(deliveries)
            fresh = [delivery for delivery in deliveries if self._holdings.take(delivery, now)]
            self._holdings.unreserve(*reserved)
            self._room.notify()
        if deliveries:
            self._observer.received([*deliveries, *too_many], call_seconds)
        self._give_back(too_many, 0, "no_room")
        self._tell_lost([(delivery, "ReceivedAgain") for delivery in again])
        self._give_back([delivery for delivery in fresh if delivery.group in stuck], 0, "failed")
        return [delivery for delivery in fresh if delivery.group not in stuck]

    # -- handle -------------------------------------------------------------------------------------------------------

    def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Admit the lanes of sound messages. One with rejects is set aside, and what is behind it in its group."""
        with self._room:
            behind: set[str | None] = set(self._aside.groups)

        def records_of(delivery: Delivery) -> list[Record] | None:
            if delivery.group in behind:
                return None
            records = self._sound_records(delivery)
            if records is None and delivery.group is not None:
                behind.add(delivery.group)
            return records

        with self._unfolding:
            ready = self._unfold(deliveries, records_of, self._sort)
        self._sort(ready)

    def _unfold(
        self,
        deliveries: Sequence[Delivery],
        make: Callable[[Delivery], T],
        flush: Callable[[list[tuple[Delivery, T]]], None],
    ) -> list[tuple[Delivery, T]]:
        """What is made of each message; `flush` takes it early when there is no room for more.

        A message on which our own code fails goes back, and so does what must not overtake it.
        """
        made: list[tuple[Delivery, T]] = []
        failed_groups: set[str | None] = set()
        for delivery in deliveries:
            if delivery.group is not None and delivery.group in failed_groups:
                self._give_back([delivery], 0, "failed")
                continue
            if self._holdings.is_full:
                flush(made)
                made.clear()
                self._await_room()
            try:
                made.append((delivery, make(delivery)))
            except _TimeIsUp:
                raise
            except Exception as error:  # noqa: BLE001 - a bug met by one message must not stop the others
                self._observer.broken(delivery, error)
                self._give_back([delivery], _growing_delay(delivery), "failed")
                failed_groups.add(delivery.group)
                with self._kept:
                    overtaking = self._aside.withdraw(delivery.group)
                self._give_back(overtaking, 0, "failed")
        return made

    def _sound_records(self, delivery: Delivery) -> list[Record] | None:
        """The records of a message; None at its first reject."""
        made: list[Record] = []
        has_reject = False
        for verdict in verdicts(delivery, self._rules, self._clock.now()):
            if not isinstance(verdict, Record):
                has_reject = True
                break
            made.append(verdict)
        if self._reject_limit.count(has_reject):
            self._observer.halted(self._reject_limit.reached)
        if has_reject:
            return None
        self._grow(delivery, made)
        return made

    def _grow(self, delivery: Delivery, records: Sequence[Record]) -> None:
        with self._room:
            for held in self._holdings.among([delivery.message_id]):
                self._holdings.grow(held.delivery.message_id, sum(record.size_bytes for record in records))

    def _sort(self, made: Sequence[tuple[Delivery, list[Record] | None]]) -> None:
        """Sound ones first, so that in their group nothing that is set aside now overtakes them."""
        self._admit([(delivery, records) for delivery, records in made if records is not None])
        aside = [delivery for delivery, records in made if records is None]
        with self._kept:
            self._aside.add(aside)
            self._kept.notify(len(aside))

    def _admit(self, ready: Sequence[tuple[Delivery, list[Record]]]) -> None:
        self._observer.validated(ready)
        with self._room:
            for delivery, records in ready:
                for held in self._holdings.among([delivery.message_id]):
                    held.admitted = True
                if not self._publisher.admit(delivery.message_id, records, delivery.group):
                    self._finish([delivery.message_id])
            self._work.notify()
        self._report_in_flight()

    def _await_room(self) -> None:
        """Until what is in flight has shrunk, or there is nothing left that could shrink."""
        with self._space:
            while self._holdings.is_full and len(self._publisher) and not self._over.is_set():
                self._space.wait(_PAUSE_SECONDS)

    # -- keep ---------------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Store the rejects of what is aside, for as long as that takes, then admit its records as of any other."""
        while batch := self._next_aside():
            self._keep(batch)
            with self._kept:
                self._aside.done(batch)
                self._kept.notify()

    def _next_aside(self) -> list[Delivery]:
        """Some of what is aside; nothing when it is over."""
        with self._kept:
            while not self._over.is_set():
                if batch := self._aside.take(KEEP_BATCH):
                    return batch
                self._kept.wait()
        return []

    def _keep(self, batch: Sequence[Delivery]) -> None:
        rejects: list[Reject] = []

        def flush(ready: Sequence[tuple[Delivery, list[Record]]]) -> None:
            self._store(rejects)
            self._admit(ready)

        with self._unfolding_aside:
            ready = self._unfold(batch, partial(self._records, rejects, self._rules), flush)
        flush(ready)

    def _records(self, rejects: list[Reject], rules: RecordRules, delivery: Delivery) -> list[Record]:
        """The records of a message. Adds to `rejects`, never holding many."""
        records = []
        for verdict in verdicts(delivery, rules, self._clock.now()):
            if isinstance(verdict, Record):
                records.append(verdict)
                continue
            if verdict.reason is Reason.TOO_LARGE and (present := self._present_rules(delivery)) != rules:
                rejects[:] = [reject for reject in rejects if reject.delivery is not delivery]
                return self._records(rejects, present, delivery)
            rejects.append(verdict)
            if len(rejects) >= REJECT_BATCH:
                self._store(rejects)
        self._grow(delivery, records)
        return records

    def _store(self, rejects: list[Reject]) -> None:
        """Until the store has taken them; without that their message is never deleted.

        Nor is it if the store could not keep an original: the queue is then the only place that has it.
        """
        while rejects:
            without_original = self._attempt("store", partial(self._rejects.store, rejects))
            if without_original is not None:
                self._observer.rejected([reject for reject in rejects if reject.reject_id not in self._told])
                self._stay(without_original)
                rejects.clear()
            elif self._over.wait(_PAUSE_SECONDS):
                raise _TimeIsUp

    def _stay(self, rejects: Sequence[Reject]) -> None:
        """The messages of these are not deleted in the end but released, so that redrive keeps the originals."""
        with self._room:
            for reject in rejects:
                self._told[reject.reject_id] = None
            while len(self._told) > _REMEMBERED:
                del self._told[next(iter(self._told))]
            for held in self._holdings.among(reject.delivery.message_id for reject in rejects):
                held.stays = True

    def turn_away(self) -> None:
        """Make rejects of what the stream will not take. Waits for no room: its lanes may be what fills it."""
        while (found := self._next_unfit()) is not None:
            self._reject(*found)

    def _next_unfit(self) -> tuple[Unfit, str] | None:
        with self._refused:
            self._refused.wait_for(lambda: self._unfit or self._over.is_set())
            return None if self._over.is_set() else self._unfit.popleft()

    def _reject(self, found: Unfit, error_code: str) -> None:
        """Store the reject of a record that the stream will not take, then go on behind it in its lane."""
        with self._room:
            held = self._holdings.among([found.submission])
        for each in held:  # not there any more if it was given back when time was up
            try:
                reject = unfit(each.delivery, self._rules, found.record, error_code)
            except Exception as error:  # noqa: BLE001 - as in `_unfold`
                self._observer.broken(each.delivery, error)
                self._give_back([each.delivery], _growing_delay(each.delivery), "failed")
            else:
                self._store([reject])
        with self._work:
            completed = self._holdings.among(self._publisher.skip(found.lane))
            self._work.notify()
        self._complete(completed)

    def _present_rules(self, delivery: Delivery) -> RecordRules:
        """With a limit that the stream was asked for since this message came; without an answer it shall judge."""
        with self._room:
            came = max([held.taken_at for held in self._holdings.among([delivery.message_id])], default=inf)
        limit_bytes = self._record_limit_since(came)
        return replace(self._rules, limit_bytes=PUT_RECORDS_MAX_BYTES if limit_bytes is None else limit_bytes)

    def _record_limit_since(self, moment: float) -> int | None:
        """The most that a record may have, asked for no longer ago; None if there is no answer."""
        with self._limit_lock:
            if self._ask_record_limit is not None and self._record_limit_asked_at < moment:
                asked_at = self._clock.monotonic()
                limit_bytes = self._attempt("limit", self._ask_record_limit)
                if limit_bytes is None:
                    return None
                self._record_limit_asked_at = asked_at
                self._rules = replace(self._rules, limit_bytes=limit_bytes)
            return self._rules.limit_bytes

    def renew_queue(self, largest_body_bytes: int) -> None:
        """The queue takes bodies of so many bytes by now."""
        with self._room:
            self._largest_body_bytes = largest_body_bytes
            self._room.notify_all()

    def renew_stream(self, record_limit_bytes: int, shards: int) -> None:
        """The stream takes records of so many bytes by now, key included, and has so many open shards."""
        with self._room:
            self._rules = replace(self._rules, limit_bytes=record_limit_bytes)
            moved, self._shards = self._shards not in {0, shards}, shards
        if moved:
            self._moved.set()

    # -- publish ------------------------------------------------------------------------------------------------------

    def publish(self) -> None:
        """Carry waves to the stream and the answers back. What was refused, or got no answer, goes again, for ever."""
        while (wave := self._next_wave()) is not None:
            start = self._clock.monotonic()
            refusals: list[RecordsRefused] = []
            answers = self._attempt("put", partial(self._put, wave, refusals))
            if refusals:
                self._blame(wave.lanes, refusals[0].code, start, together=True)
            else:
                self._apply(wave, answers, start)

    def _put(self, wave: Wave, refusals: list[RecordsRefused]) -> Sequence[Answer]:
        try:
            return self._sink.put(wave.records)
        except RecordsRefused as refusal:
            refusals.append(refusal)
            raise

    def _blame(self, lanes: Sequence[Hashable], error_code: str, start: float, together: bool) -> None:
        """Find which of these heads the stream will never take, its limit asked for anew: they become rejects."""
        limit_bytes = self._record_limit_since(start)
        with self._work:
            found = self._publisher.blame(lanes, together, limit_bytes, self._clock.monotonic())
            self._unfit.extend((each, error_code) for each in found)
            self._refused.notify()
            self._work.notify()

    def _next_wave(self) -> Wave | None:
        """The next wave of what is at hand, without waiting for more; None when it is over."""
        with self._work:
            while not self._over.is_set():
                now = self._clock.monotonic()
                wave = self._publisher.next_wave(now)
                if wave is not None:
                    self._work.notify()  # somebody else sees to what is left, now or later
                    return wave
                ready_at = self._publisher.ready_at(now)
                self._work.wait(None if ready_at is None else ready_at - now)
        return None

    def _apply(self, wave: Wave, answers: Sequence[Answer] | None, start: float) -> None:
        now = self._clock.monotonic()
        with self._work:
            outcome = self._publisher.settle(wave, answers, now)
            completed = self._holdings.among(outcome.completed)  # not all, if some were given back when time was up
            violated = self._holdings.among(outcome.violations)
        if outcome.elsewhere:
            self._moved.set()
        self._observer.wave(wave.submissions, len(outcome.acknowledged), len(outcome.refused), now - start)
        self._observer.published(outcome.acknowledged)
        self._observer.refused(outcome.refused)
        for held in violated:
            self._observer.order_violated(held.delivery)
        if outcome.blamed:
            code = next(refused.error_code for refused in outcome.refused if refused.blames_record)
            self._blame(outcome.blamed, code, start, together=False)
        self._complete(completed)

    def _complete(self, completed: Sequence[Held]) -> None:
        now = self._clock.monotonic()
        for held in completed:
            self._observer.completed(held.delivery, now - held.taken_at)
        with self._done:  # last, so that the observer hears of everything before it hears of the delete
            self._finish([held.delivery.message_id for held in completed])
        self._report_in_flight()

    # -- settle -------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Delete what is finished. Nothing else deletes, and nothing gets here before its last acknowledgement."""
        while batch := self._next_finished():
            with self._room:
                finished = self._holdings.among(batch)
                ran_out = self._holdings.run_out(self._clock.monotonic(), finished)
                ours = [held.delivery for held in finished if held.ours and not held.stays]
                staying = [held.delivery for held in finished if held.ours and held.stays]
            self._tell_lost(ran_out)
            for delivery in staying:
                self._give_back([delivery], _growing_delay(delivery), "original_not_kept")
            failures = self._attempt("delete", partial(self._source.delete, ours)) if ours else []
            if failures is None:
                self._again(batch)
                continue
            self._drop(batch)
            self._report_deleted(ours, failures)

    def _finish(self, message_ids: Sequence[str]) -> None:
        self._finished.extend(message_ids)
        self._done.notify(ceil(len(message_ids) / DELETE_BATCH))

    def _next_finished(self) -> list[str]:
        with self._done:
            self._done.wait_for(lambda: self._finished or self._over.is_set())
            size = 0 if self._over.is_set() else min(DELETE_BATCH, len(self._finished))
            return [self._finished.popleft() for _ in range(size)]

    def _again(self, batch: Sequence[str]) -> None:
        """The queue did not answer: they stay ours, and are deleted later."""
        with self._done:
            self._finished.extendleft(reversed(batch))
        self._over.wait(_PAUSE_SECONDS)

    def _report_deleted(self, deliveries: Sequence[Delivery], failures: Sequence[EntryFailure]) -> None:
        failed = {failure.delivery.message_id for failure in failures}
        self._observer.deleted([delivery for delivery in deliveries if delivery.message_id not in failed])
        if failures:
            self._observer.not_deleted(failures)

    # -- hold ---------------------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Look what is due for `extend`, and tell what others can see by now. Makes no calls, so it is never late."""
        while not self._over.wait(look_seconds(self._limits.visibility_seconds)):
            now = self._clock.monotonic()
            with self._room:
                ran_out = self._holdings.run_out(now)
                self._expiring.notify(self._extensions.look(now))
            self._tell_lost(ran_out)

    def extend(self) -> None:
        """Carry extensions to the queue, on several threads, so that a call that hangs holds up no other."""
        while batch := self._next_extension():
            start = self._clock.monotonic()
            failures = self._attempt("extend", partial(self._source.change_visibility, batch))
            with self._room:
                lost = self._extensions.settle(batch, failures, start, self._clock.monotonic())
            self._tell_lost(lost)

    def _next_extension(self) -> list[tuple[Delivery, int]]:
        with self._expiring:
            while not self._over.is_set():
                if batch := self._extensions.next_call(self._clock.monotonic()):
                    return batch
                self._expiring.wait()
        return []

    def _tell_lost(self, lost: Sequence[tuple[Delivery, str]]) -> None:
        for delivery, code in lost:
            self._observer.lost(delivery, code)

    # -- pace ---------------------------------------------------------------------------------------------------------

    def pace(self) -> None:
        """Tell the publisher of the stream's shards whenever they change. Not to know them costs refusals only."""
        while not self._over.is_set():
            self._moved.clear()
            shards = self._attempt("shards", self._sink.shards)
            if shards is not None:
                with self._work:
                    self._publisher.reshard(shards)
                    self._work.notify_all()
            if not self._over.wait(_PAUSE_SECONDS):
                self._moved.wait(_RESHARD_SECONDS)

    def paced_lanes(self) -> int:
        """How many lanes wait for nothing but room on their shard: many for long means that the stream is too small."""
        with self._room:
            return self._publisher.paced(self._clock.monotonic())

    # -- run and stop -------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Work until `stop`, then finish what is in hand or give it back, within the grace period."""
        receivers = [self._start(self.receive) for _ in range(self._limits.receivers)]
        for _ in range(self._limits.waves_in_flight):
            self._start(self.publish)
        for _ in range(self._limits.deleters):
            self._start(self.settle)
        for _ in range(self._limits.extenders):
            self._start(self.extend)
        for _ in range(self._limits.keepers):
            self._start(self.keep)
        self._start(self.turn_away)
        self._start(self.hold)
        self._start(self.pace)
        self._stopping.wait()
        return self._drain(receivers)

    def stop(self) -> None:
        """Receive no more. Returns at once; `run` returns when the work in hand is finished or given back."""
        with self._room:
            self._stopping.set()
            self._room.notify_all()

    def oldest_unfinished_seconds(self) -> float:
        """How long the oldest message in hand has been there; 0 if there is none. Liveness is judged by it."""
        now = self._clock.monotonic()
        with self._room:
            return max((now - held.taken_at for held in self._holdings), default=0.0)

    def _drain(self, receivers: Sequence[threading.Thread]) -> Outcome:
        end = self._clock.monotonic() + self._limits.grace_seconds
        deadline = end - self._limits.grace_seconds * _RELEASE_SHARE
        with self._room:
            while len(self._holdings) or any(receiver.is_alive() for receiver in receivers):
                if self._clock.monotonic() >= deadline or self._crashed.is_set():
                    break
                self._room.wait(0.05)
            self._over.set()
            self._moved.set()
            for waiting in (self._room, self._space, self._work, self._done, self._expiring, self._kept, self._refused):
                waiting.notify_all()
            remaining = [held.delivery for held in self._holdings if held.ours]

        self._release(remaining, end)
        with self._room:
            return Outcome(self._released, self._unreleased, self._crashed.is_set(), self._perhaps_hidden())

    def _release(self, deliveries: Sequence[Delivery], end: float) -> None:
        """Give them back, several calls at once, and wait for it until then: the queue may hang, we do not."""
        firsts = range(0, len(deliveries), EXTENSION_BATCH)
        batches = iter([deliveries[first : first + EXTENSION_BATCH] for first in firsts])
        with self._room:
            self._unreleased += len(deliveries)  # until we know better, whatever becomes of the calls

        def release() -> None:
            while batch := next(batches, None):  # of a list: safe for several threads
                self._let_go(batch)

        releasing = [self._start(release) for _ in range(min(self._limits.extenders, len(firsts)))]
        for thread in releasing:
            thread.join(max(0.0, end - self._clock.monotonic()))

    def _perhaps_hidden(self) -> int:
        """The most messages that receives may have taken without our hearing of it, and that are still hidden."""
        visible = self._clock.monotonic() - self._limits.visibility_seconds
        unheard = sum(at > visible for at in self._unheard)
        return (unheard + self._asking) * self._limits.receive_batch

    # -- small things -------------------------------------------------------------------------------------------------

    def _give_back(self, deliveries: Sequence[Delivery], delay_seconds: int, reason: str) -> int:
        """Release messages unfinished, to be received again after the delay. Returns how many could not be released.

        Those come back by themselves when their visibility timeout runs out. After a failure of ours the delay grows
        with the receive count; the queue's redrive policy has the last word.
        """
        if not deliveries:
            return 0
        timeouts = [(delivery, delay_seconds) for delivery in deliveries]
        failures = self._attempt("release", partial(self._source.change_visibility, timeouts))
        stuck = {d.message_id for d in deliveries} if failures is None else _not_gone(failures)
        self._drop([delivery.message_id for delivery in deliveries])
        self._observer.released([d for d in deliveries if d.message_id not in stuck], reason)
        return len(stuck)

    def _stop_holding(self, deliveries: Sequence[Delivery]) -> None:
        with self._room:
            self._unreleased += len(deliveries)
        self._let_go(deliveries)

    def _let_go(self, deliveries: Sequence[Delivery]) -> None:
        """Give back messages that count as unreleased so far."""
        released = len(deliveries) - self._give_back(deliveries, 0, "stopping")
        with self._room:
            self._released += released
            self._unreleased -= released

    @property
    def _worst_receive(self) -> tuple[int, int]:
        batch = self._limits.receive_batch
        return batch, min(batch * self._largest_body_bytes, self._limits.max_bytes)

    def _attempt(self, step: str, call: Callable[[], T]) -> T | None:
        """The result of a call; None if it failed, its retries included. The observer is told either way."""
        try:
            result = call()
        except CallFailed as error:
            self._observer.failing(step, error)
            return None
        self._observer.working(step)
        return result

    def _drop(self, message_ids: Sequence[str]) -> None:
        with self._room:
            for held in self._holdings.among(message_ids):
                self._holdings.drop(held.delivery.message_id)
            self._room.notify()
            self._space.notify_all()
        self._report_in_flight()

    def _report_in_flight(self) -> None:
        self._observer.in_flight(len(self._publisher), self._holdings.size_bytes)

    def _start(self, step: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=self._guard, args=(step,), name=step.__name__, daemon=True)
        thread.start()
        return thread

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except _TimeIsUp:
            pass
        except BaseException as error:  # noqa: BLE001 - a bug: end the process rather than limp on, then say so
            self._crashed.set()
            self.stop()
            self._observer.crashed(step.__name__, error)


def _not_gone(failures: Sequence[EntryFailure]) -> set[str]:
    return {failure.delivery.message_id for failure in failures if not failure.gone}


def _fitting(deliveries: Sequence[Delivery], room_bytes: int) -> tuple[Sequence[Delivery], Sequence[Delivery]]:
    """The first ones that there is room for, one at least, and the rest: in their groups nothing overtakes."""
    left = room_bytes
    for number, delivery in enumerate(deliveries):
        left -= delivery.body_bytes
        if left < 0 and number:
            return deliveries[:number], deliveries[number:]
    return deliveries, []


def _growing_delay(delivery: Delivery) -> int:
    """Seconds until a message that failed comes again: more with each receive."""
    return min(int(2**delivery.receive_count), LONGEST_DELAY_SECONDS)
