"""Reads the event that an SQS event source mapping calls a Lambda function with.

AWS: Lambda Developer Guide, "Using Lambda with Amazon SQS". Its records are messages under other names.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.sqs_messages import FIFO, MESSAGE_ATTRIBUTE, read_message
from event_processor.errors import NotAnSqsEvent
from event_processor.submissions.delivery import Delivery
from event_processor.text import code_word, one_line

_SOURCE: Final = "aws:sqs"
_UNKNOWN: Final = object()  # the group of a message of a FIFO queue that does not say


class Batch(NamedTuple):
    """The messages of an event, and the ids of those that must come again since they, or one before them in their
    group, cannot be read; `problems` says why.
    """

    deliveries: list[Delivery]
    unread: list[str]
    problems: list[str]


def read_event(event: Any, received_at: datetime, is_traced: bool) -> Batch:
    """The batch in an event. Raises NotAnSqsEvent for anything else, before anything was done.

    That is also so where a single record has no messageId: Lambda deletes every message that the answer does not name,
    and what has no name can only be kept by failing the whole batch.
    """
    batch = Batch([], [], [])
    blocked: set[object] = set()
    for record in _records(event):
        message_id = record["messageId"]
        is_fifo = _is_fifo(record)
        group = _group(record) if is_fifo else None
        if not blocked.isdisjoint((group, _UNKNOWN)):
            batch.unread.append(message_id)
            continue
        try:
            batch.deliveries.append(_delivery(record, received_at, is_fifo, is_traced))
        except MalformedAnswer as error:
            batch.unread.append(message_id)
            batch.problems.append(f"{message_id}: {error}")
            if is_fifo:
                blocked.add(group)
    return batch


def _records(event: Any) -> list[Any]:
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise NotAnSqsEvent(f"not an SQS event: {_shown(event)}, without a list of Records")
    for number, record in enumerate(records):
        message_id = record.get("messageId") if isinstance(record, Mapping) else None
        if not (isinstance(message_id, str) and message_id):
            raise NotAnSqsEvent(f"not an SQS event: record {number} is {_shown(record)}, without a messageId")
    if records and not any(record.get("eventSource") == _SOURCE for record in records):
        raise NotAnSqsEvent(f"not an SQS event: its records are of {code_word(str(records[0].get('eventSource')))!r}")
    return records


def _shown(value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"of type {type(value).__name__}"
    return one_line(f"an object with the keys {', '.join(map(str, value)) or '(none)'}")


def _is_fifo(record: Mapping[str, Any]) -> bool:
    """On a standard queue a message may have a group, too, but that is for fairness, and says nothing of order."""
    attributes = record.get("attributes")
    is_numbered = isinstance(attributes, Mapping) and "SequenceNumber" in attributes  # only of FIFO queues
    return is_numbered or str(record.get("eventSourceARN")).endswith(FIFO)


def _group(record: Mapping[str, Any]) -> object:
    attributes = record.get("attributes")
    group = attributes.get("MessageGroupId") if isinstance(attributes, Mapping) else None
    return group if group and isinstance(group, str) else _UNKNOWN


def _delivery(record: Mapping[str, Any], received_at: datetime, is_fifo: bool, is_traced: bool) -> Delivery:
    if record.get("eventSource") != _SOURCE:
        raise MalformedAnswer("a record that is not of SQS")
    message = {
        "MessageId": record["messageId"],
        "ReceiptHandle": record.get("receiptHandle"),
        "Body": record.get("body"),
        "Attributes": record.get("attributes"),
        "MessageAttributes": _trace_attribute(record) if is_traced else None,
    }
    queue = str(record.get("eventSourceARN") or "").rpartition(":")[2]
    return read_message(message, received_at, queue, is_fifo, is_traced)


def _trace_attribute(record: Mapping[str, Any]) -> Any:
    """The one attribute that is read, named as in a ReceiveMessage answer. Without it a message is as good as with."""
    attributes = record.get("messageAttributes")
    found = attributes.get(MESSAGE_ATTRIBUTE) if isinstance(attributes, Mapping) else None
    return {MESSAGE_ATTRIBUTE: {"StringValue": found.get("stringValue")}} if isinstance(found, Mapping) else None
