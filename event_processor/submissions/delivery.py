"""A message as the queue handed it to us, once."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One receipt of one message; receiving it again makes another delivery with another handle.

    `group` is the message group of a FIFO queue: messages of one group are handed out, and published, in order.
    `sent_at` is the queue's own time of sending (SentTimestamp), None if it does not say; `received_at` is ours; both
    are UTC. `trace_parent` is the sender's trace context in the form of W3C Trace Context
    (`00-<trace id>-<span id>-<flags>`), if it was asked for.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at: datetime | None
    received_at: datetime
    group: str | None = None
    trace_parent: str | None = None

    @property
    def body_bytes(self) -> int:
        """The size that SQS counts: UTF-8."""
        return len(self.body) if self.body.isascii() else len(self.body.encode("utf-8", "surrogatepass"))
