"""What the core needs from the world. Adapters are in `aws`, in-memory ones in `testing`."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from event_processor.publishing.stream import PublishingObserver, Record
from event_processor.rejects.ports import RejectObserver
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.telling import StepObserver, UntoldObserver
from event_processor.verdict import Fault

EventData = dict[str, Any]
"""The fields of a valid event that are published, by name; what is not known of it is left out."""


class EventTypes(Protocol):
    """Asked again for every submission: the types may change while we run. Several threads ask."""

    @property
    def names(self) -> Collection[str]:
        """The names of all event types that there are."""
        ...

    def read_all(self, event_type: str, events: Sequence[Any]) -> Sequence[EventData] | None:
        """The data of all events of a list, or None if one of them is not valid: cheaper than to read each."""
        ...

    def read(self, event_type: str, event: Any, pointer: str) -> EventData | tuple[Fault, ...]:
        """The data of an event, or all that is wrong with it; `pointer` is where it stands in its document."""
        ...

    def is_final(self, reject: Reject) -> bool:  # noqa: ARG002 - types that do not change
        """Whether a reject stands.

        One for which a contract may have been published meanwhile does not, until contracts were read after it came.
        """
        return True

    def renew(self) -> None:
        """Read contracts now, if nobody else does; that this failed is told by whoever tried."""
        return


class Source(Protocol):
    """The queue. Every call has its retries inside and raises CallFailed when they are used up."""

    def receive(self) -> Sequence[Delivery]:
        """Up to a batch of messages, hidden from others from now on; waits for them for as long as the queue allows."""
        ...

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> Sequence[EntryFailure]:
        """Hide each message for so many seconds from now; 0 gives it back. Returns what did not succeed."""
        ...

    def delete(self, deliveries: Sequence[Delivery]) -> Sequence[EntryFailure]:
        """Delete the messages for good. Returns what did not succeed."""
        ...


class ReceivingObserver(Protocol):
    """Hears of messages from the queue until their records are on their way."""

    def received(self, deliveries: Sequence[Delivery], call_seconds: float) -> None:
        """These messages are ours until their visibility timeout runs out; the call that brought them took so long."""

    def validated(self, admitted: Sequence[tuple[Delivery, Sequence[Record]]]) -> None:
        """These records of these messages are sound and on their way."""

    def halted(self, reason: str) -> None:
        """The reject limit is reached: this process receives nothing more. Told once."""


class HoldingObserver(Protocol):
    """Hears of the messages in hand, and how they leave it."""

    def in_flight(self, lanes: int, size_bytes: int) -> None:
        """So many lanes and bytes are held now."""

    def completed(self, delivery: Delivery, held_seconds: float) -> None:
        """All events of this submission are acknowledged; it was in our hands for so long."""

    def order_violated(self, delivery: Delivery) -> None:
        """Sequence numbers fell within a submission: the stream holds it out of order."""

    def deleted(self, deliveries: Sequence[Delivery]) -> None:
        """The queue has deleted these."""

    def not_deleted(self, failures: Sequence[EntryFailure]) -> None:
        """These stay on the queue though their events are published: they will come again, with the same ids."""

    def released(self, deliveries: Sequence[Delivery], reason: str) -> None:
        """These were given back to the queue unfinished."""

    def lost(self, delivery: Delivery, error_code: str) -> None:
        """The visibility timeout ran out under us: somebody else may have this message, so we shall not delete it."""

    def broken(self, delivery: Delivery, error: Exception) -> None:
        """Our own code failed on this message: a bug. It goes back to the queue."""


class InvocationObserver(Protocol):
    """Hears how a batch ended whose messages somebody else deletes."""

    def answered(self, finished: Sequence[str], unfinished: Sequence[str]) -> None:
        """The ids of the messages that may be deleted, and of those that must come again."""


class Observer(
    ReceivingObserver, RejectObserver, PublishingObserver, HoldingObserver, StepObserver, UntoldObserver, Protocol
):
    """Hears of all that a processor does, each fact once."""
