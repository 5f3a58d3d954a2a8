"""What one body becomes: records to publish, rejects to store. Called by several threads; starts none.

A message without rejects is admitted at once. One with rejects is set aside, and so is what stands behind it in its
message group: its rejects are stored first, for as long as that takes, and then it is admitted as any other.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import Final, TypeVar

from event_processor.clock import Clock
from event_processor.errors import CallFailed, ContractsUnread
from event_processor.publishing.lanes import Unfit
from event_processor.publishing.stream import Record
from event_processor.rejects.ports import RejectStore
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.giving_back import GivingBack
from event_processor.submissions.hands import Hands
from event_processor.submissions.judging import Judging
from event_processor.submissions.monitor import Monitor, TimeIsUp
from event_processor.submissions.outbox import Outbox
from event_processor.submissions.ports import Observer
from event_processor.submissions.record_limit import RecordLimit
from event_processor.submissions.reject_limit import RejectLimit
from event_processor.submissions.verdicts import unfit
from event_processor.telling import attempt

_PAUSE_SECONDS: Final = 1.0  # after the store failed with all its retries
_REMEMBERED: Final = 10_000  # rejects that were told and will come again

T = TypeVar("T")


class Handling:
    """Messages into lanes and rejects, never holding many of either."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with, and what it asks and tells
        self,
        monitor: Monitor,
        hands: Hands,
        outbox: Outbox,
        giving_back: GivingBack,
        rejects: RejectStore,
        record_limit: RecordLimit,
        reject_limit: RejectLimit,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._monitor, self._hands, self._outbox, self._giving_back = monitor, hands, outbox, giving_back
        self._rejects, self._record_limit, self._reject_limit = rejects, record_limit, reject_limit
        self._judging, self._observer = Judging(record_limit, clock), observer
        self._told: dict[str, None] = {}  # ids of rejects that come again since their original is on the queue alone
        self._unfolding = threading.Lock()  # one body at a time: unfolded it may be sixty times its size
        self._unfolding_aside = threading.Lock()  # the same, for those that may wait for the reject store meanwhile

    def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Admit the records of sound messages. One with rejects is set aside, and what is behind it in its group."""
        behind: set[str | None] = set(self._hands.groups_aside)

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

    def keep(self, batch: Sequence[Delivery]) -> None:
        """Store the rejects of what is aside, then admit its records. Raises TimeIsUp while the store is down."""
        rejects: list[Reject] = []

        def flush(ready: Sequence[tuple[Delivery, list[Record]]]) -> None:
            self._store(rejects)
            self._admit(ready)

        with self._unfolding_aside:
            ready = self._unfold(batch, partial(self._records, rejects), flush)
        flush(ready)

    def turn_away(self, found: Unfit, error_code: str) -> None:
        """Store the reject of a record that the stream will not take. Raises TimeIsUp while the store is down."""
        for held in self._hands.held([found.submission]):
            try:
                body, origin = held.delivery.body, held.delivery.origin
                reject = unfit(body, origin, self._record_limit.rules, found.record, error_code)
            except Exception as error:  # noqa: BLE001 - as in `_unfold`
                self._observer.broken(held.delivery, error)
                self._giving_back.later(held.delivery, "failed")
            else:
                self._store([reject])

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
                self._giving_back.at_once([delivery], "failed")
                continue
            if self._hands.is_full:
                flush(made)
                made.clear()
                self._hands.await_space(lambda: len(self._outbox) > 0)
            try:
                made.append((delivery, make(delivery)))
            except TimeIsUp:
                raise
            except Exception as error:  # noqa: BLE001 - a bug met by one message must not stop the others
                self._observer.broken(delivery, error)
                self._giving_back.later(delivery, "failed")
                failed_groups.add(delivery.group)
                self._giving_back.at_once(self._hands.withdraw(delivery.group), "failed")
        return made

    def _sound_records(self, delivery: Delivery) -> list[Record] | None:
        """The records of a message; None at its first reject."""
        made = self._judging.sound_records(delivery)
        if self._reject_limit.count(made is None):
            self._hands.take_no_more()
            self._observer.halted(self._reject_limit.reached)
        if made is not None:
            self._grow(delivery, made)
        return made

    def _records(self, rejects: list[Reject], delivery: Delivery) -> list[Record]:
        """The records of a message. Adds to `rejects`, never holding many."""
        came = max([held.taken_at for held in self._hands.held([delivery.message_id])], default=inf)
        while True:
            try:
                records = self._judging.records(delivery, rejects, self._store, came)
            except ContractsUnread:
                if not self._monitor.pause(_PAUSE_SECONDS):
                    raise TimeIsUp from None
            else:
                self._grow(delivery, records)
                return records

    def _grow(self, delivery: Delivery, records: Sequence[Record]) -> None:
        self._hands.grow(delivery, sum(record.size_bytes for record in records))

    def _sort(self, made: Sequence[tuple[Delivery, list[Record] | None]]) -> None:
        """Sound ones first, so that in their group nothing that is set aside now overtakes them."""
        self._admit([(delivery, records) for delivery, records in made if records is not None])
        self._hands.set_aside([delivery for delivery, records in made if records is None])

    def _admit(self, ready: Sequence[tuple[Delivery, list[Record]]]) -> None:
        self._observer.validated(ready)
        complete = self._outbox.admit(ready)
        self._hands.admitted(delivery for delivery, _ in ready)
        if complete:
            self._hands.finish(complete)
        self._observer.in_flight(len(self._outbox), self._hands.size_bytes)

    def _store(self, rejects: list[Reject]) -> None:
        """Try until the store has taken them; without that their message is never deleted.

        Nor is it if the store could not keep an original: the queue is then the only place that has it.
        """
        while rejects:
            without_original = attempt(self._observer, "store", partial(self._rejects.store, rejects))
            if not isinstance(without_original, CallFailed):
                self._observer.rejected([reject for reject in rejects if reject.reject_id not in self._told])
                self._remember(without_original)
                self._hands.stay([reject.origin.id for reject in without_original])
                rejects.clear()
            elif not self._monitor.pause(_PAUSE_SECONDS):
                raise TimeIsUp

    def _remember(self, told: Sequence[Reject]) -> None:
        with self._monitor.lock:
            self._told.update(dict.fromkeys(reject.reject_id for reject in told))
            while len(self._told) > _REMEMBERED:
                del self._told[next(iter(self._told))]
