"""What the core needs from the world. Adapters are in `aws`, in-memory ones in `testing`."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Protocol

from event_processor.errors import CallFailed
from event_processor.publishing.answers import Answer, Refused
from event_processor.publishing.record import Record
from event_processor.publishing.shards import Shard
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery, EntryFailure


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


class Sink(Protocol):
    """The stream."""

    def put(self, records: Sequence[Record]) -> Sequence[Answer]:
        """Send the records in one call; an answer for each, in that order.

        Raises CallFailed if there was no answer, RecordsRefused if it was that some record spoils the call.
        """
        ...

    def shards(self) -> Sequence[Shard]:
        """The shards that take records now. Raises CallFailed."""
        ...


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> datetime:
        """The time of day, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only rise."""
        ...


class Observer(Protocol):
    """Is told every fact once, and makes the log line and the metric of it. What it raises hurts nobody: `safe`."""

    def received(self, deliveries: Sequence[Delivery], call_seconds: float) -> None:
        """These messages are ours until their visibility timeout runs out; the call that brought them took so long."""
        ...

    def validated(self, admitted: Sequence[tuple[Delivery, Sequence[Record]]]) -> None:
        """These records of these messages are sound and on their way."""
        ...

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """These are in the reject store."""
        ...

    def wave(self, submissions: Sequence[Hashable], acknowledged: int, refused: int, call_seconds: float) -> None:
        """A wave is back, with a record of each of these (message ids). Neither: nobody knows whether it is stored."""
        ...

    def published(self, records: Sequence[Record]) -> None:
        """Kinesis acknowledged these."""
        ...

    def refused(self, refusals: Sequence[Refused]) -> None:
        """Kinesis refused so many records of a wave; they go again."""
        ...

    def completed(self, delivery: Delivery, held_seconds: float) -> None:
        """All events of this submission are acknowledged; it was in our hands for so long."""
        ...

    def order_violated(self, delivery: Delivery) -> None:
        """Sequence numbers fell within a submission: the stream holds it out of order."""
        ...

    def deleted(self, deliveries: Sequence[Delivery]) -> None:
        """The queue has deleted these."""
        ...

    def not_deleted(self, failures: Sequence[EntryFailure]) -> None:
        """These stay on the queue though their events are published: they will come again, with the same ids."""
        ...

    def released(self, deliveries: Sequence[Delivery], reason: str) -> None:
        """These were given back to the queue unfinished."""
        ...

    def lost(self, delivery: Delivery, error_code: str) -> None:
        """The visibility timeout ran out under us: somebody else may have this message, so we shall not delete it."""
        ...

    def broken(self, delivery: Delivery, error: Exception) -> None:
        """Our own code failed on this message: a bug. It goes back to the queue."""
        ...

    def retried(self, operation: str, error_code: str) -> None:
        """A call, or an entry of it, is tried again."""
        ...

    def called(self, operation: str, seconds: float) -> None:
        """A call took so long, whatever came of it."""
        ...

    def failing(self, step: str, error: CallFailed) -> None:
        """A step's calls do not succeed at the moment; it goes on trying."""
        ...

    def working(self, step: str) -> None:
        """A step's call succeeded."""
        ...

    def in_flight(self, lanes: int, size_bytes: int) -> None:
        """What is held now."""
        ...

    def halted(self, reason: str) -> None:
        """The reject limit is reached: this process receives nothing more. Told once."""
        ...

    def crashed(self, step: str, error: BaseException) -> None:
        """A thread of ours ended by a bug; the process stops."""
        ...

    def untold(self, fact: str, error: Exception) -> None:
        """This observer itself failed on a fact, which is the name of a method of it."""
        ...
