"""Reads a message as SQS hands it out."""

from datetime import UTC, datetime
from typing import Any, Final

from event_processor.aws.answer_fields import MalformedAnswer, mapping, number, text
from event_processor.aws.trace_context import trace_parent
from event_processor.submissions.delivery import Delivery

FIFO: Final = ".fifo"  # how the names of FIFO queues end


def read_message(message: Any, received_at: datetime, is_fifo: bool, is_traced: bool) -> Delivery:
    """A message of a ReceiveMessage answer. Raises MalformedAnswer."""
    attributes = mapping(message, "Attributes")
    return Delivery(
        message_id=text(message, "MessageId"),
        receipt_handle=text(message, "ReceiptHandle"),
        body=text(message, "Body"),
        receive_count=number(attributes, "ApproximateReceiveCount", 1),
        sent_at=_moment(attributes),
        received_at=received_at,
        group=text(attributes, "MessageGroupId") if is_fifo else None,  # on a standard queue: fairness, not order
        trace_parent=trace_parent(message) if is_traced else None,
    )


def _moment(attributes: Any) -> datetime | None:
    if attributes.get("SentTimestamp") is None:
        return None
    try:
        return datetime.fromtimestamp(number(attributes, "SentTimestamp") / 1000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise MalformedAnswer("SentTimestamp is no time") from error
