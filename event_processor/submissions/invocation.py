"""One batch of messages, in the time there is for it; then the question which of them must come again.

For whoever is handed a batch and only has to answer, as a Lambda function is: it receives nothing, deletes nothing and
starts no threads. What a message becomes, and what may be on the wire at the same time, is as in `processor`.

    admit    the records of sound messages, in the order of the batch, as many at a time as there is room for
    send     in waves, and admit more whenever something was acknowledged (`publishing.send`)
    keep     store the rejects of the others, and admit what is sound of them: last, and for the second half of the
             time at most, so that a reject store that hangs costs no sound message its turn

A message is finished when all its events are acknowledged, and its rejects are stored with their originals. In a
message group nothing is admitted behind a message that cannot be, so that nothing overtakes it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from event_processor.clock import Clock
from event_processor.errors import CallFailed, ContractsUnread
from event_processor.publishing.lanes import Settlement, Unfit, Wave
from event_processor.publishing.publisher import Publisher
from event_processor.publishing.send import send
from event_processor.publishing.stream import Answer, Record, Sink
from event_processor.rejects.ports import RejectStore
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.judging import Judging
from event_processor.submissions.ports import Observer
from event_processor.submissions.record_limit import RecordLimit
from event_processor.submissions.verdicts import unfit
from event_processor.telling import attempt

_SOUND_SHARE: Final = 0.5  # of the time, before any reject is stored

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Means:
    """What every batch is worked on with.

    At most `max_submissions`, and about `max_bytes` of records, are in lanes at the same time. A publisher serves one
    batch: what is left in it comes again with another.
    """

    sink: Sink
    rejects: RejectStore
    record_limit: RecordLimit
    new_publisher: Callable[[], Publisher]
    clock: Clock
    observer: Observer
    max_submissions: int
    max_bytes: int


class Invocation:
    """Works once, until everything is finished or the deadline of the clock comes; `unfinished` is right at any time.

    `moved` tells in the end whether a record went to another shard than its key was thought to belong to.
    """

    def __init__(self, means: Means, deliveries: Sequence[Delivery], deadline: float) -> None:
        self._means, self._deliveries, self._deadline = means, deliveries, deadline
        self._clock, self._observer = means.clock, means.observer
        self._judging = Judging(means.record_limit, means.clock)
        self._publisher = means.new_publisher()
        self._began = means.clock.monotonic()
        self._waiting = deque(range(len(deliveries)))  # messages go by their place in the batch: an id may be twice
        self._aside: deque[int] = deque()
        self._behind: set[str] = set()  # groups with a message that is aside, or cannot be admitted
        self._stuck: set[str] = set()  # the latter
        self._keeps = False  # rejects may be stored now
        self._store_failure: CallFailed | None = None  # no more is asked of a store that has failed
        self._lanes = self._bytes = 0
        self._complete: set[int] = set()  # all events are acknowledged, or their rejects are stored
        self._spoiled: set[str] = set()  # ids of messages that must come again all the same
        self.moved = False

    def work(self) -> None:
        """Finish what can be finished."""
        self._observer.received(self._deliveries, 0.0)
        self._fill()
        self._send(self._began + _SOUND_SHARE * (self._deadline - self._began))
        self._keeps = True
        self._fill()
        self._send(self._deadline)

    @property
    def unfinished(self) -> list[str]:
        """The ids of the messages that must come again, and of all behind them in their group."""
        found: dict[str, None] = {}
        groups: set[str] = set()
        for number, delivery in enumerate(self._deliveries):
            is_finished = number in self._complete and delivery.message_id not in self._spoiled
            if is_finished and delivery.group not in groups:
                continue
            found[delivery.message_id] = None
            if delivery.group is not None:
                groups.add(delivery.group)
        return list(found)

    def _send(self, deadline: float) -> None:
        send(self._publisher, self._put, self._clock, self, deadline=deadline, judge=self)

    def _put(self, records: Sequence[Record]) -> Sequence[Answer]:
        answers = self._means.sink.put(records)
        self._observer.working("put")
        return answers

    def carried(self, wave: Wave, outcome: Settlement, call_seconds: float) -> None:
        """See Listener."""
        message_ids = [self._deliveries[number].message_id for number in _numbers(wave.submissions)]
        self._observer.wave(message_ids, len(outcome.acknowledged), len(outcome.refused), call_seconds)

    def settled(self, outcome: Settlement) -> None:
        """See Listener."""
        self._observer.published(outcome.acknowledged)
        self._observer.refused(outcome.refused)
        for number in _numbers(outcome.violations):
            self._observer.order_violated(self._deliveries[number])
        self.moved = self.moved or outcome.elsewhere
        self._bytes -= sum(record.size_bytes for record in outcome.acknowledged)
        self._completed(_numbers(outcome.completed))
        self._fill()

    def failed(self, error: CallFailed) -> None:
        """See Listener."""
        self._observer.failing("put", error)

    def record_limit(self) -> int | None:
        """See Judge. Asked for once a batch."""
        return self._means.record_limit.since(self._began)

    def turn_away(self, found: Unfit, error_code: str) -> bool:
        """See Judge. Without its reject stored nothing behind it is sent: when it comes again, it may be taken."""
        (number,) = _numbers([found.submission])
        delivery, rules = self._deliveries[number], self._means.record_limit.rules
        reject = self._made_of(number, lambda: unfit(delivery.body, delivery.origin, rules, found.record, error_code))
        if reject is None:
            return False
        try:
            self._store([reject])
        except CallFailed:
            return False
        self._bytes -= found.record.size_bytes
        return True

    def _fill(self) -> None:
        """Admit more, as long as there is room and time."""
        while self._waiting and self._has_room():  # what has no events is complete at once, and leaves its room
            self._admit_sound()
        while self._keeps and self._aside and self._has_room():
            self._keep()

    def _admit_sound(self) -> None:
        ready: list[tuple[int, list[Record]]] = []
        while self._waiting and self._has_room():
            number = self._waiting.popleft()
            if (records := self._sound_records(number)) is not None:
                ready.append((number, records))
        self._admit(ready)

    def _has_room(self) -> bool:
        is_room = self._lanes < self._means.max_submissions and self._bytes < self._means.max_bytes
        return is_room and self._clock.monotonic() < self._deadline

    def _sound_records(self, number: int) -> list[Record] | None:
        """None if the message is set aside or cannot be admitted."""
        delivery = self._deliveries[number]
        if delivery.group not in self._behind:
            records = self._made_of(number, partial(self._judging.sound_records, delivery))
            if records is not None:
                self._take(records)
                return records
        if delivery.group is not None:
            self._behind.add(delivery.group)
        if delivery.message_id not in self._spoiled:
            self._aside.append(number)
        return None

    def _keep(self) -> None:
        """Store the rejects of some that are aside, then admit them. Once the store fails, no more is asked of it."""
        ready: list[tuple[int, list[Record]]] = []
        rejects: list[Reject] = []
        try:
            while self._aside and self._has_room():
                number = self._aside.popleft()
                delivery = self._deliveries[number]
                if delivery.group in self._stuck:
                    continue
                judge = partial(self._judging.records, delivery, rejects, self._store, self._began)
                records = self._made_of(number, judge)
                if records is not None:
                    self._take(records)
                    ready.append((number, records))
            self._store(rejects)
        except CallFailed:
            self._keeps = False
        else:
            self._admit(ready)

    def _made_of(self, number: int, make: Callable[[], T]) -> T | None:
        """None if it cannot be said now: the message comes again, and the others are none the worse for it."""
        delivery = self._deliveries[number]
        try:
            return make()
        except ContractsUnread:
            pass  # told by whoever could not read them
        except CallFailed:
            raise
        except Exception as error:  # noqa: BLE001 - a bug met by one message must not stop the others
            self._observer.broken(delivery, error)
        self._spoiled.add(delivery.message_id)
        if delivery.group is not None:
            self._stuck.add(delivery.group)
        return None

    def _take(self, records: Sequence[Record]) -> None:
        self._lanes += 1
        self._bytes += sum(record.size_bytes for record in records)

    def _admit(self, ready: Sequence[tuple[int, Sequence[Record]]]) -> None:
        if not ready:
            return
        self._observer.validated([(self._deliveries[number], records) for number, records in ready])
        self._completed(
            [
                number
                for number, records in ready
                if not self._publisher.admit(number, records, self._deliveries[number].group)
            ]
        )

    def _completed(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._lanes -= 1
            self._complete.add(number)
            self._observer.completed(self._deliveries[number], self._clock.monotonic() - self._began)

    def _store(self, rejects: list[Reject]) -> None:
        """Raises CallFailed. A message whose original the store cannot keep must come again: only the queue has it.

        One body may hold half a million rejects, so this is also where judging ends when time is up.
        """
        if not rejects:
            return
        if self._store_failure is None and self._clock.monotonic() >= self._deadline:
            self._store_failure = CallFailed("store", "NoTime", "the deadline has passed")
        if self._store_failure is not None:
            raise self._store_failure
        without_original = attempt(self._observer, "store", partial(self._means.rejects.store, rejects))
        if isinstance(without_original, CallFailed):
            self._store_failure = without_original
            raise without_original
        self._observer.rejected(list(rejects))
        self._spoiled.update(reject.origin.id for reject in without_original)
        rejects.clear()


def _numbers(submissions: Iterable[object]) -> list[int]:
    """The places in the batch, which stand for submissions here."""
    return [number for number in submissions if isinstance(number, int)]
