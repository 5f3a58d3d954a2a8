"""What is written to the stream: the document of one event, and the record that carries it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

import orjson
from pydantic_core import to_jsonable_python

from event_processor.ids import event_id
from event_processor.publishing.stream import Record
from event_processor.submissions.ports import EventData, EventTypes
from event_processor.submissions.validate import Submission, Valid
from event_processor.verdict import Fault, Reason

PartitionKey = Literal["device_id", "submission_id"]


class WrittenEvent(TypedDict):
    """The document of an event, its fields in the order in which they are written.

    `sequence` is the event's place in its whole submission. `processed_at` is ours, RFC 3339 in UTC; `time_created` is
    the device's, as it was sent.
    """

    event_id: str
    submission_id: str
    device_id: str
    sequence: int
    event_type: str
    processed_at: str
    time_created: str
    event_data: EventData


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What becomes a record, and how it is cut: by which key, and the most bytes that it may hold, key included."""

    partition_key: PartitionKey
    limit_bytes: int
    event_types: EventTypes


def time_stamp(moment: datetime) -> str:
    """The moment, which is in UTC, by RFC 3339, always with microseconds."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def record_with(submission: Submission, valid: Valid, rules: RecordRules, processed_at: str) -> Record | Fault:
    """The record that carries a sound event, or the fault that it is too large."""
    event_type, position, sequence, data = valid
    submission_id, device_id = submission.submission_id, submission.device_id
    document: WrittenEvent = {
        "event_id": event_id(submission_id, event_type, position),
        "submission_id": submission_id,
        "device_id": device_id,
        "sequence": sequence,
        "event_type": event_type,
        "processed_at": processed_at,
        "time_created": submission.time_created,
        "event_data": data,
    }
    key = device_id if rules.partition_key == "device_id" else submission_id
    record = Record(key, serialise(document), event_type, sequence, submission_id)
    if record.size_bytes <= rules.limit_bytes:
        return record
    pointer = f"/events/{event_type}/{position}"
    return Fault(Reason.TOO_LARGE, pointer, f"its record has {record.size_bytes} bytes, over the stream's limit")


def serialise(document: Mapping[str, object]) -> bytes:
    """Compact JSON, keys in the order given; whatever JSON has no form for is written as pydantic would."""
    try:
        # A copy: orjson's own bytes keep the whole buffer they were written into, ten times a small record.
        return bytes(memoryview(orjson.dumps(document, default=to_jsonable_python)))
    except TypeError:  # an integer of more than 64 bits, which a contract may allow
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False, default=to_jsonable_python).encode()
