"""Our verdicts in the words of the reference, so that the two can be held against each other."""

import json

from event_processor.publishing.stream import Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.written_event import time_stamp
from event_processor.verdict import Reason
from tests import reference
from tests.reference import Published, Rejected, Verdict, Whole
from tests.unit.samples import RECEIVED_AT, judge

MOST_FAULTS = 100  # that one reject tells
_UNREADABLE = {Reason.NOT_JSON, Reason.NOT_UTF8}


def ours(body: str) -> list[Verdict]:
    """What becomes of a body here. Raises AssertionError for a record or a reject that nobody could work with."""
    return [_published(verdict) if isinstance(verdict, Record) else _rejected(verdict, body) for verdict in judge(body)]


def hold(body: str) -> list[Verdict]:
    """The verdicts on a body. Raises AssertionError where ours differ from those of the reference."""
    expected = reference.judge(body)
    found = ours(body)
    assert _same(found, expected), f"found {found}\nexpected {expected}\nof {body!r}"
    return expected


def _same(found: list[Verdict], expected: list[Verdict]) -> bool:
    match found, expected:
        case [Whole(set() as told)], [Whole(set() as all_faults)] if len(all_faults) > MOST_FAULTS:
            return len(told) == MOST_FAULTS and told < all_faults
    return found == expected


def _published(record: Record) -> Published:
    document = json.loads(record.data)
    assert document.pop("processed_at") == time_stamp(RECEIVED_AT)
    assert (record.sequence, record.event_type) == (document["sequence"], document["event_type"])
    return Published(record.partition_key, json.dumps(document))


def _rejected(reject: Reject, body: str) -> Rejected | Whole:
    reasons = {fault.reason for fault in reject.faults}
    assert reasons
    assert reasons <= set(Reason)
    assert _utf16(json.loads(reject.to_json())["original"]) == _utf16(reject.original)
    found = {(fault.reason.value, fault.pointer) for fault in reject.faults}
    if reject.sequence is not None:
        return Rejected(reject.sequence, found, repr(reference.load(reject.original)))
    assert reject.original == body
    return Whole(None if reasons & _UNREADABLE else found)


def _utf16(text: str) -> bytes:
    return text.encode("utf-16", "surrogatepass")  # where two halves of a pair are the same as the pair
