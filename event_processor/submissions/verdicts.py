"""Body to verdicts, step by step: parse it, open the submission, judge the events, write the sound ones as records."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from event_processor.ids import event_id, reject_id
from event_processor.json_document import Unreadable, original_text
from event_processor.publishing.stream import Record
from event_processor.rejects.reject import Origin, Reject
from event_processor.submissions.parse import parse
from event_processor.submissions.validate import Invalid, InvalidSubmission, Submission, judge, open_submission
from event_processor.submissions.written_event import RecordRules, record_with, time_stamp
from event_processor.verdict import Fault, Reason, Stage

_STAGES: Final = {
    Reason.NOT_UTF8: Stage.PARSE,
    Reason.NOT_JSON: Stage.PARSE,
    Reason.UNKNOWN_EVENT_TYPE: Stage.RESOLVE,
    Reason.TOO_LARGE: Stage.SIZE,
}


def rejected_submission(body: str, origin: Origin, invalid: InvalidSubmission) -> Reject:
    """The reject of a whole submission."""
    return Reject(
        reject_id(body),
        invalid.faults,
        body,
        origin,
        invalid.submission_id,
        invalid.device_id,
        stage=_STAGES.get(invalid.faults[0].reason, Stage.ENVELOPE),
    )


def rejected_event(submission: Submission, origin: Origin, invalid: Invalid) -> Reject:
    """The reject of one event, its siblings untouched."""
    return Reject(
        reject_id=reject_id(event_id(submission.submission_id, invalid.event_type, invalid.position)),
        faults=invalid.faults,
        original=original_text(submission.events[invalid.event_type][invalid.position]),
        origin=origin,
        submission_id=submission.submission_id,
        device_id=submission.device_id,
        time_created=submission.time_created,
        event_type=invalid.event_type,
        sequence=invalid.sequence,
        stage=_STAGES.get(invalid.faults[0].reason, Stage.CONTRACT),
    )


@dataclass(slots=True)
class Verdicts:
    """All that becomes of a body, to be gone through once: its records in order, a reject for what is not published.

    Lazy, so that a hostile body of half a million faults is never held as half a million rejects. `submission_id` is
    known at once, and None if the body has no sound one.
    """

    submission_id: str | None
    _found: Iterator[Record | Reject]

    def __iter__(self) -> Iterator[Record | Reject]:
        return self._found


def verdicts(body: str, origin: Origin, rules: RecordRules, processed_at: datetime) -> Verdicts:
    """The verdicts on a body that came from this origin."""
    submission = _opened(body, rules)
    if isinstance(submission, InvalidSubmission):
        return Verdicts(submission.submission_id, iter([rejected_submission(body, origin, submission)]))
    return Verdicts(submission.submission_id, _of_events(submission, origin, rules, time_stamp(processed_at)))


def unfit(body: str, origin: Origin, rules: RecordRules, record: Record, error_code: str) -> Reject:
    """The reject of an event of this body that was sound until the stream refused its record for good."""
    smaller = replace(rules, limit_bytes=record.size_bytes - 1)
    found = verdicts(body, origin, smaller, origin.received_at)
    reject = next(it for it in found if isinstance(it, Reject) and it.sequence == record.sequence)
    if record.size_bytes > rules.limit_bytes:
        return reject
    fault = Fault(Reason.INVALID, reject.faults[0].pointer, f"the stream refuses its record: {error_code}")
    return replace(reject, faults=(fault,), stage=Stage.LOAD)


def _opened(body: str, rules: RecordRules) -> Submission | InvalidSubmission:
    try:
        document = parse(body)
    except Unreadable as unreadable:
        return InvalidSubmission((unreadable.fault,))
    return open_submission(document, rules.event_types)


def _of_events(submission: Submission, origin: Origin, rules: RecordRules, stamp: str) -> Iterator[Record | Reject]:
    for event in judge(submission, rules.event_types):
        if isinstance(event, Invalid):
            yield rejected_event(submission, origin, event)
            continue
        record = record_with(submission, event, rules, stamp)
        if isinstance(record, Fault):
            yield rejected_event(submission, origin, Invalid(*event[:3], (record,)))
        else:
            yield record
