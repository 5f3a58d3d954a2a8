"""One delivery of a message, and the queue's answer to a call about it."""

from dataclasses import dataclass, field
from datetime import datetime

from event_processor.rejects.reject import Origin


@dataclass(slots=True)
class Delivery:
    """One receipt of one message; receiving it again makes another delivery with another handle.

    `queue` is the queue's name, `group` the message group of a FIFO queue: messages of one group are handed out, and
    published, in order. `sent_at` is the queue's own time of sending (SentTimestamp), None if it does not say;
    `received_at` is ours; both are UTC. `trace_parent` is the sender's trace context in the form of W3C Trace Context
    (`00-<trace id>-<span id>-<flags>`), if it was asked for. `submission_id` is set once the body was opened, if the
    body has a sound one; the rest never changes.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at: datetime | None
    received_at: datetime
    group: str | None = None
    trace_parent: str | None = None
    queue: str = ""
    submission_id: str | None = field(default=None, compare=False)

    @property
    def body_bytes(self) -> int:
        """The size that SQS counts: UTF-8."""
        return len(self.body) if self.body.isascii() else len(self.body.encode("utf-8", "surrogatepass"))

    @property
    def origin(self) -> Origin:
        """Where its body came from, for the verdicts on it."""
        return Origin("queue", self.queue, self.message_id, self.receive_count, self.sent_at, self.received_at)


@dataclass(frozen=True, slots=True)
class EntryFailure:
    """An entry of a queue call that did not succeed. `gone`: the handle is stale, the message is not ours any more."""

    delivery: Delivery
    error_code: str
    gone: bool
