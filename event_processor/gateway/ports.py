"""What the gateway needs from the world, beside a store of rejects (`rejects`)."""

from collections.abc import Sequence
from math import inf
from typing import Protocol

from event_processor.publishing.stream import Answer, Record, Refused, Sink
from event_processor.rejects.ports import RejectObserver
from event_processor.telling import StepObserver


class PatientSink(Sink, Protocol):
    """A stream that knows for how long somebody waits."""

    def put(self, records: Sequence[Record], until: float = inf) -> Sequence[Answer]:
        """See Sink. What failed is not tried again after `until` (of `time.monotonic`)."""
        ...


class GatewayObserver(StepObserver, RejectObserver, Protocol):
    """Hears of requests and of their records. Steps are `put`, `shards` and `store`."""

    def answered(self, stream: str, status: int, seconds: float) -> None:
        """A request has its answer; a stream that nobody knows is told as empty."""

    def denied(self, key: str, status: int, client: str) -> None:
        """A request was denied: the name of its key, empty if it has no known one, and the client's address."""

    def offered(self, stream: str, accepted: int, refused: int) -> None:
        """So many records of a request have passed their contracts, and so many have not."""

    def wave(self, records: int) -> None:
        """A call with so many records is back."""

    def acknowledged(self, stream: str, ages: Sequence[float]) -> None:
        """Kinesis has these, so many seconds after they arrived."""

    def refused(self, refusals: Sequence[Refused]) -> None:
        """Kinesis refused these; they go again, as long as somebody waits for them."""

    def unfinished(self, stream: str, records: int) -> None:
        """So many records were not acknowledged in time; nobody knows of those on the wire whether they are stored."""

    def order_violated(self, stream: str) -> None:
        """Kinesis gave a record a lower sequence number than the one before it of its key."""

    def broken(self, error: Exception) -> None:
        """Our own code failed on a record, which is refused."""
