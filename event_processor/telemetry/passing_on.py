"""An observer around another one: the base of those that add something to what is told."""

from collections.abc import Hashable, Sequence

from event_processor.errors import CallFailed
from event_processor.publishing.answers import Refused
from event_processor.publishing.record import Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.ports import Observer
from event_processor.telling import safe


class PassingOn:
    """Passes every fact on, whatever becomes of it there. See Observer for what each means."""

    def __init__(self, to: Observer) -> None:
        self._to = safe(to)

    def received(self, deliveries: Sequence[Delivery], call_seconds: float) -> None:
        """See Observer."""
        self._to.received(deliveries, call_seconds)

    def validated(self, admitted: Sequence[tuple[Delivery, Sequence[Record]]]) -> None:
        """See Observer."""
        self._to.validated(admitted)

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """See Observer."""
        self._to.rejected(rejects)

    def wave(self, submissions: Sequence[Hashable], acknowledged: int, refused: int, call_seconds: float) -> None:
        """See Observer."""
        self._to.wave(submissions, acknowledged, refused, call_seconds)

    def published(self, records: Sequence[Record]) -> None:
        """See Observer."""
        self._to.published(records)

    def refused(self, refusals: Sequence[Refused]) -> None:
        """See Observer."""
        self._to.refused(refusals)

    def completed(self, delivery: Delivery, held_seconds: float) -> None:
        """See Observer."""
        self._to.completed(delivery, held_seconds)

    def order_violated(self, delivery: Delivery) -> None:
        """See Observer."""
        self._to.order_violated(delivery)

    def deleted(self, deliveries: Sequence[Delivery]) -> None:
        """See Observer."""
        self._to.deleted(deliveries)

    def not_deleted(self, failures: Sequence[EntryFailure]) -> None:
        """See Observer."""
        self._to.not_deleted(failures)

    def released(self, deliveries: Sequence[Delivery], reason: str) -> None:
        """See Observer."""
        self._to.released(deliveries, reason)

    def lost(self, delivery: Delivery, error_code: str) -> None:
        """See Observer."""
        self._to.lost(delivery, error_code)

    def broken(self, delivery: Delivery, error: Exception) -> None:
        """See Observer."""
        self._to.broken(delivery, error)

    def retried(self, operation: str, error_code: str) -> None:
        """See Observer."""
        self._to.retried(operation, error_code)

    def called(self, operation: str, seconds: float) -> None:
        """See Observer."""
        self._to.called(operation, seconds)

    def failing(self, step: str, error: CallFailed) -> None:
        """See Observer."""
        self._to.failing(step, error)

    def working(self, step: str) -> None:
        """See Observer."""
        self._to.working(step)

    def in_flight(self, lanes: int, size_bytes: int) -> None:
        """See Observer."""
        self._to.in_flight(lanes, size_bytes)

    def halted(self, reason: str) -> None:
        """See Observer."""
        self._to.halted(reason)

    def crashed(self, step: str, error: BaseException) -> None:
        """See Observer."""
        self._to.crashed(step, error)

    def untold(self, fact: str, error: Exception) -> None:
        """See Observer."""
        self._to.untold(fact, error)
