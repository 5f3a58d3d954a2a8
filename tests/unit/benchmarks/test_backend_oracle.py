"""The back end's oracle, and the documents it counts by."""

import json
import struct

import pytest

from benchmarks.backend import Load, Verdict
from benchmarks.backend.documents import tail
from benchmarks.backend.oracle import judge

LOAD = Load(submissions=2, events=3)
BOTH_DELETED, FIRST_DELETED = b"\1\1", b"\1\0"
IN_ORDER = [(0, 0, 7), (1, 0, 4), (0, 1, 7), (1, 1, 4), (0, 2, 7), (1, 2, 4)]


def _verdict(deleted: bytes, stored: list[tuple[int, int, int]]) -> Verdict:
    return judge(LOAD, deleted, b"".join(struct.pack("=III", *record) for record in stored))


def test_all_events_in_order_are_a_clean_verdict() -> None:
    """A run that did everything right is not blamed."""
    assert _verdict(BOTH_DELETED, IN_ORDER) == Verdict(lost=0, repeated=0, out_of_order=0)


def test_a_deleted_submission_loses_the_events_that_are_not_stored() -> None:
    """What was deleted before it was stored is lost; what is still on the queue is not."""
    assert _verdict(FIRST_DELETED, [(0, 0, 7), (1, 0, 4)]) == Verdict(lost=2, repeated=0, out_of_order=0)


def test_a_repeat_is_neither_lost_nor_out_of_order() -> None:
    """Order is that of first occurrences: a submission that came twice is only repeated."""
    assert _verdict(BOTH_DELETED, IN_ORDER + IN_ORDER[:4]) == Verdict(lost=0, repeated=4, out_of_order=0)


def test_an_event_first_seen_after_a_later_one_is_out_of_order() -> None:
    """One event that fell behind counts once, however late it is."""
    stored = [(0, 1, 7), (0, 2, 7), (0, 0, 7), (1, 0, 4), (1, 1, 4), (1, 2, 4)]

    assert _verdict(BOTH_DELETED, stored) == Verdict(lost=0, repeated=0, out_of_order=1)


def test_a_submission_on_two_shards_has_no_order() -> None:
    """A reader of one shard cannot know what stands on another."""
    assert _verdict(FIRST_DELETED, [(0, 0, 7), (0, 1, 8), (0, 2, 8)]).out_of_order == 1


@pytest.mark.parametrize("record", [(2, 0, 7), (0, 3, 7), (0xFFFFFFFF, 0xFFFFFFFF, 7)])
def test_a_record_nobody_sent_spoils_the_verdict(record: tuple[int, int, int]) -> None:
    """A contender that publishes records without their identity is not called clean."""
    with pytest.raises(ValueError, match="no event that was sent"):
        _verdict(BOTH_DELETED, [*IN_ORDER, record])


@pytest.mark.parametrize("events", [1, 2, 5, 1000])
def test_a_document_has_as_many_events_as_were_asked_for(events: int) -> None:
    """Events per second are counted by it."""
    found = json.loads("{" + tail(Load(submissions=1, events=events)).decode())["events"]

    assert sum(len(group) for group in found.values()) == events


def test_a_body_larger_than_sqs_takes_is_refused_at_once() -> None:
    """A benchmark of something that cannot happen is worth nothing."""
    with pytest.raises(ValueError, match="larger than"):
        tail(Load(submissions=1, events=1000, record_bytes=2000))
