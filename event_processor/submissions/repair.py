"""Kept reject of a submission to records: the usual checks, under the identity that the event had when rejected."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from event_processor.ids import event_id, reject_id
from event_processor.json_document import Unreadable, original_text, read_json
from event_processor.publishing.stream import Record
from event_processor.rejects.reject import KeptReject, Origin, Reject
from event_processor.rejects.replay import Place
from event_processor.submissions.parse import parse
from event_processor.submissions.validate import InvalidSubmission, Valid, judge_event, open_submission
from event_processor.submissions.verdicts import verdicts
from event_processor.submissions.written_event import RecordRules, record_with, time_stamp
from event_processor.verdict import Fault, Reason

_EVENT_POINTER: Final = re.compile(r"/events/[^/]+/([0-9]{1,9})(?:/|$)")


class SubmissionsAgain:
    """See Again (`rejects.replay`). The rejects of a submission go out together, in submission order."""

    def __init__(self, rules: RecordRules, now: Callable[[], datetime]) -> None:
        self._rules, self._now = rules, now

    def line(self, kept: KeptReject) -> str:
        """See Again."""
        return repairable_line(kept)

    def judge(self, kept: KeptReject, repaired: str | None) -> list[Record] | tuple[Fault, ...]:
        """See Again."""
        return judged_again(kept, repaired, self._rules, self._now())

    def place(self, kept: KeptReject) -> Place:
        """See Again."""
        return Place(kept.submission_id or kept.reject_id, None, ("", kept.sequence or 0))


def repairable_line(kept: KeptReject) -> str:
    """The rejected event or document on one line of ASCII JSON; a body that is not JSON as a string; or null."""
    if kept.original is None:
        return "null"
    try:
        document: Any = read_json(kept.original) if kept.event_type else parse(kept.original)
    except Unreadable:
        document = kept.original
    return original_text(document)


def judged_again(
    kept: KeptReject, repaired: str | None, rules: RecordRules, now: datetime
) -> list[Record] | tuple[Fault, ...]:
    """The records that come of it, or what is still wrong. `repaired` is a line, None for the original as it was.

    All or nothing: a submission of which one event is still wrong stays a reject as a whole. An event keeps the
    position and the sequence that it had, so its `event_id` is the one it would have had.
    """
    if kept.original is None:
        return (Fault(Reason.INVALID, kept.pointer, "its original was too large for the store: its message has it"),)
    text = kept.original if repaired is None else repaired
    if kept.event_type is None:
        return _submission(kept, text if repaired is None else _body(repaired), rules, now)
    return _event(kept, text, rules, now)


def _place_of(kept: KeptReject) -> tuple[str, int, int] | None:
    """Event type, position and sequence of a rejected event; None if they are not those its id was made of."""
    found = _EVENT_POINTER.match(kept.pointer)
    if found is None or kept.submission_id is None or kept.event_type is None or kept.sequence is None:
        return None
    position = int(found[1])
    identity = reject_id(event_id(kept.submission_id, kept.event_type, position))
    return (kept.event_type, position, kept.sequence) if identity == kept.reject_id else None


def _submission(kept: KeptReject, body: str, rules: RecordRules, now: datetime) -> list[Record] | tuple[Fault, ...]:
    records = []
    origin = Origin("door", "replay", kept.reject_id, 1, None, kept.received_at)
    for verdict in verdicts(body, origin, rules, now):
        if isinstance(verdict, Reject):
            return verdict.faults
        records.append(verdict)
    return records


def _event(kept: KeptReject, text: str, rules: RecordRules, now: datetime) -> list[Record] | tuple[Fault, ...]:
    place = _place_of(kept)
    if place is None:
        detail = "submission, type, position and sequence are not those of the reject's id: it was altered"
        return (Fault(Reason.INVALID, kept.pointer, detail),)
    event_type, position, sequence = place
    pointer = f"/events/{event_type}/{position}"
    try:
        event = read_json(text)
    except Unreadable as unreadable:
        return (Fault(unreadable.fault.reason, pointer, unreadable.fault.detail),)
    submission = open_submission(_submission_around(kept, event_type), rules.event_types)
    if isinstance(submission, InvalidSubmission):
        return submission.faults
    found = judge_event(event_type, event, pointer, rules.event_types)
    if isinstance(found, tuple):
        return found
    record = record_with(submission, Valid(event_type, position, sequence, found), rules, time_stamp(now))
    return (record,) if isinstance(record, Fault) else [record]


def _submission_around(kept: KeptReject, event_type: str) -> dict[str, Any]:
    ids = {"submission_id": kept.submission_id, "device_id": kept.device_id, "time_created": kept.time_created}
    return ids | {"events": {event_type: []}}


def _body(repaired: str) -> str:
    """The line is the document; a string is a body that was not JSON."""
    try:
        document = read_json(repaired)
    except Unreadable:
        return repaired
    return document if isinstance(document, str) else repaired
