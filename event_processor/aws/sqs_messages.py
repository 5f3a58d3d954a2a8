"""Reads a message as SQS hands it out, with the sender's trace context.

That is in a message attribute (W3C), or in a system attribute (X-Ray).
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from event_processor.aws.answer_fields import MalformedAnswer, mapping, maybe_text, number, text
from event_processor.submissions.delivery import Delivery

FIFO: Final = ".fifo"  # how the names of FIFO queues end
MESSAGE_ATTRIBUTE: Final = "traceparent"
SYSTEM_ATTRIBUTE: Final = "AWSTraceHeader"
_W3C: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context, 3.2
_ROOT: Final = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")  # AWS X-Ray Developer Guide, "Tracing header"
_PARENT: Final = re.compile(r"[0-9a-f]{16}")


def trace_parent(message: Any) -> str | None:
    """The trace context of a received message in the form of W3C, or None: without one, or with one that is no such.

    The message attribute goes first: the sender's own code put it there.
    """
    try:
        attribute = maybe_text(mapping(mapping(message, "MessageAttributes"), MESSAGE_ATTRIBUTE), "StringValue") or ""
        if _W3C.fullmatch(attribute):
            return attribute
        return _from_xray(maybe_text(mapping(message, "Attributes"), SYSTEM_ATTRIBUTE) or "")
    except MalformedAnswer:
        return None


def _from_xray(header: str) -> str | None:
    """`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`; without a parent, no context."""
    fields = dict(field.strip().split("=", 1) for field in header.split(";") if "=" in field)
    root, parent = _ROOT.fullmatch(fields.get("Root", "")), _PARENT.fullmatch(fields.get("Parent", ""))
    if root is None or parent is None:
        return None
    return f"00-{root[1]}{root[2]}-{parent[0]}-{'01' if fields.get('Sampled') == '1' else '00'}"


def read_message(message: Any, received_at: datetime, queue: str, is_fifo: bool, is_traced: bool) -> Delivery:
    """A message of a ReceiveMessage answer of the queue of that name. Raises MalformedAnswer."""
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
        queue=queue,
    )


def _moment(attributes: Any) -> datetime | None:
    if attributes.get("SentTimestamp") is None:
        return None
    try:
        return datetime.fromtimestamp(number(attributes, "SentTimestamp") / 1000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise MalformedAnswer("SentTimestamp is not a time") from error
