"""Reads the event that a Kinesis event source mapping calls a Lambda function with.

AWS: Lambda Developer Guide, "Using Lambda to process records from Amazon Kinesis Data Streams". An event has records of
one shard, in their order.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from event_processor.consuming.records import StreamRecord
from event_processor.errors import NotAKinesisEvent
from event_processor.text import code_word, one_line

_SOURCE: Final = "aws:kinesis"


class KinesisEvent(NamedTuple):
    """The records of an event, up to the first that cannot be read; `unread` is its number and `problem` says why."""

    shard: str
    records: list[StreamRecord]
    unread: str | None
    problem: str


def read_kinesis_event(event: Any, stream_name: str) -> KinesisEvent:
    """Raises NotAKinesisEvent for anything else, and for the event of another stream, before anything was done.

    Also where a single record has no number: what has none can only be kept by failing the whole batch.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        shown = ", ".join(map(str, event)) if isinstance(event, Mapping) else type(event).__name__
        raise NotAKinesisEvent(one_line(f"not a Kinesis event: {shown or '(nothing)'}, without a list of Records"))
    found: list[StreamRecord] = []
    for number, record in enumerate(records):
        sequence = _sequence(record, number, stream_name)
        try:
            found.append(_record(record["kinesis"], sequence))
        except (KeyError, TypeError, ValueError, OverflowError, binascii.Error) as error:
            return KinesisEvent(_shard(records), found, sequence, f"{sequence}: {type(error).__name__}")
    return KinesisEvent(_shard(records), found, None, "")


def _sequence(record: Any, number: int, stream_name: str) -> str:
    part = record.get("kinesis") if isinstance(record, Mapping) else None
    sequence = part.get("sequenceNumber") if isinstance(part, Mapping) else None
    if not (isinstance(sequence, str) and sequence.isascii() and sequence.isdecimal()):
        raise NotAKinesisEvent(f"not a Kinesis event: record {number} has no sequenceNumber")
    source, arn = record.get("eventSource"), str(record.get("eventSourceARN"))
    if source != _SOURCE:
        raise NotAKinesisEvent(f"not a Kinesis event: record {number} is of {code_word(str(source))!r}")
    if arn.partition(":stream/")[2].partition("/")[0] != stream_name:  # that of a consumer goes on behind it
        raise NotAKinesisEvent(f"record {number} is of {code_word(arn)!r}, and INSPECT_STREAM is {stream_name!r}")
    return sequence


def _shard(records: list[Any]) -> str:
    """An eventID is shard and sequence number."""
    return str(records[0].get("eventID", "")).partition(":")[0] if records else ""


def _record(part: Mapping[str, Any], sequence: str) -> StreamRecord:
    arrived = datetime.fromtimestamp(part["approximateArrivalTimestamp"], UTC)
    key = part["partitionKey"]
    if not isinstance(key, str):
        raise TypeError
    return StreamRecord(sequence, key, arrived, b64decode(part["data"], validate=True))
