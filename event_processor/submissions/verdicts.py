"""Submission to records: one Kinesis record for every sound event, in submission order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from event_processor.publishing.record import Record, event_id, serialise
from event_processor.rejects.reject import Fault, Reason, Reject
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.parse import parse
from event_processor.submissions.submission import Submission
from event_processor.submissions.validate import Valid, judge, open_envelope, rejected_event

PartitionKey = Literal["device_id", "submission_id"]


@dataclass(frozen=True, slots=True)
class RecordRules:
    """How records are cut: the field that becomes the partition key, and the most a record may hold, key included."""

    partition_key: PartitionKey
    limit_bytes: int


def time_stamp(moment: datetime) -> str:
    """RFC 3339, UTC, microseconds always."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def verdicts(delivery: Delivery, rules: RecordRules, processed_at: datetime) -> Iterator[Record | Reject]:
    """All that becomes of a delivery: its records in order, and a reject for whatever cannot be published.

    Lazy, so that a hostile body of half a million faults is never held as half a million rejects.
    """
    document = parse(delivery)
    submission = document if isinstance(document, Reject) else open_envelope(delivery, document)
    if isinstance(submission, Reject):
        yield submission
        return
    stamp = time_stamp(processed_at)
    for verdict in judge(delivery, submission):
        if isinstance(verdict, Reject):
            yield verdict
            continue
        record = record_of(submission, verdict, rules, stamp)
        if isinstance(record, Fault):
            place = verdict.event_type, verdict.position, verdict.sequence
            yield rejected_event(delivery, submission, *place, (record,))
        else:
            yield record


def unfit(delivery: Delivery, rules: RecordRules, record: Record, error_code: str) -> Reject:
    """The reject of an event of this delivery that was sound until the stream refused its record for good."""
    smaller = replace(rules, limit_bytes=record.size_bytes - 1)
    found = verdicts(delivery, smaller, delivery.received_at)
    reject = next(it for it in found if isinstance(it, Reject) and it.sequence == record.sequence)
    if record.size_bytes > rules.limit_bytes:
        return reject
    fault = Fault(Reason.INVALID, reject.faults[0].pointer, f"the stream refuses its record: {error_code}")
    return replace(reject, faults=(fault,))


def record_of(submission: Submission, valid: Valid, rules: RecordRules, processed_at: str) -> Record | Fault:
    """The record of one sound event, or the fault that it is too large."""
    document = {
        "event_id": event_id(submission.submission_id, valid.event_type, valid.position),
        "submission_id": submission.submission_id,
        "device_id": submission.device_id,
        "sequence": valid.sequence,
        "event_type": valid.event_type,
        "processed_at": processed_at,
        "time_created": submission.time_created,
        "event_data": valid.event.__dict__,
    }
    key = submission.device_id if rules.partition_key == "device_id" else submission.submission_id
    record = Record(key, serialise(document), valid.event_type, valid.sequence)
    if record.size_bytes <= rules.limit_bytes:
        return record
    pointer = f"/events/{valid.event_type}/{valid.position}"
    return Fault(Reason.TOO_LARGE, pointer, f"its record has {record.size_bytes} bytes, over the stream's limit")
