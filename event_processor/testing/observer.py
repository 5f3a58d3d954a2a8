"""An Observer that remembers what it was told."""

import threading
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from event_processor.errors import CallFailed
from event_processor.publishing.answers import Refused
from event_processor.publishing.record import Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery, EntryFailure


class Fact(NamedTuple):
    """What happened: the name of the Observer's method, and what it was called with."""

    name: str
    details: tuple[Any, ...]


class RecordingObserver:
    """See Observer. All facts are in `facts`, in the order in which they were told."""

    def __init__(self) -> None:
        self._facts: list[Fact] = []
        self._lock = threading.Lock()

    @property
    def facts(self) -> list[Fact]:
        """Everything told so far."""
        with self._lock:
            return list(self._facts)

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """The details of the facts of one name."""
        return [fact.details for fact in self.facts if fact.name == name]

    def received(self, deliveries: Sequence[Delivery], call_seconds: float) -> None:
        """See Observer."""
        self._tell("received", list(deliveries), call_seconds)

    def validated(self, admitted: Sequence[tuple[Delivery, Sequence[Record]]]) -> None:
        """See Observer."""
        self._tell("validated", list(admitted))

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """See Observer."""
        self._tell("rejected", list(rejects))

    def wave(self, submissions: Sequence[Hashable], acknowledged: int, refused: int, call_seconds: float) -> None:
        """See Observer."""
        self._tell("wave", tuple(submissions), acknowledged, refused, call_seconds)

    def published(self, records: Sequence[Record]) -> None:
        """See Observer."""
        self._tell("published", list(records))

    def refused(self, refusals: Sequence[Refused]) -> None:
        """See Observer."""
        self._tell("refused", list(refusals))

    def completed(self, delivery: Delivery, held_seconds: float) -> None:
        """See Observer."""
        self._tell("completed", delivery, held_seconds)

    def order_violated(self, delivery: Delivery) -> None:
        """See Observer."""
        self._tell("order_violated", delivery)

    def deleted(self, deliveries: Sequence[Delivery]) -> None:
        """See Observer."""
        self._tell("deleted", list(deliveries))

    def not_deleted(self, failures: Sequence[EntryFailure]) -> None:
        """See Observer."""
        self._tell("not_deleted", list(failures))

    def released(self, deliveries: Sequence[Delivery], reason: str) -> None:
        """See Observer."""
        self._tell("released", list(deliveries), reason)

    def lost(self, delivery: Delivery, error_code: str) -> None:
        """See Observer."""
        self._tell("lost", delivery, error_code)

    def broken(self, delivery: Delivery, error: Exception) -> None:
        """See Observer."""
        self._tell("broken", delivery, error)

    def retried(self, operation: str, error_code: str) -> None:
        """See Observer."""
        self._tell("retried", operation, error_code)

    def called(self, operation: str, seconds: float) -> None:
        """See Observer."""
        self._tell("called", operation, seconds)

    def failing(self, step: str, error: CallFailed) -> None:
        """See Observer."""
        self._tell("failing", step, error)

    def working(self, step: str) -> None:
        """See Observer."""
        self._tell("working", step)

    def in_flight(self, lanes: int, size_bytes: int) -> None:
        """See Observer."""
        self._tell("in_flight", lanes, size_bytes)

    def halted(self, reason: str) -> None:
        """See Observer."""
        self._tell("halted", reason)

    def crashed(self, step: str, error: BaseException) -> None:
        """See Observer."""
        self._tell("crashed", step, error)

    def untold(self, fact: str, error: Exception) -> None:
        """See Observer."""
        self._tell("untold", fact, error)

    def _tell(self, name: str, *details: Any) -> None:
        with self._lock:
            self._facts.append(Fact(name, details))
