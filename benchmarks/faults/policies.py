"""The usual ways to send events to Kinesis when some are refused, each in a few lines. Names say where each was read.

A policy takes the submissions' records in order and a `put` that may refuse records (an answer for each) or fail as a
whole (CallFailed: nobody knows what is stored). When it returns it has deleted the submissions from the queue.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final

from event_processor.errors import CallFailed
from event_processor.publishing.publisher import Publisher
from event_processor.publishing.stream import Acknowledged, Answer, Record

Put = Callable[[Sequence[Record]], Sequence[Answer]]
Policy = Callable[[Sequence[Sequence[Record]], Put], None]

BATCH: Final = 500
_TRIES: Final = 3


def deletes_whatever_happened(submissions: Sequence[Sequence[Record]], put: Put) -> None:
    """One PutRecord after the other, errors logged, the message deleted: the first version of most loops."""
    for record in _flat(submissions):
        _answers(put, [record])


def one_record_a_call(submissions: Sequence[Sequence[Record]], put: Put) -> None:
    """One PutRecord after the other, each until it is acknowledged: the advice in AWS's own documentation."""
    for record in _flat(submissions):
        while not isinstance(_answers(put, [record])[0], Acknowledged):
            pass


def failed_to_the_front(submissions: Sequence[Sequence[Record]], put: Put) -> None:
    """What was refused goes again, before what follows: Redpanda Connect output_kinesis, Flink KinesisStreamsSink."""
    waiting = _flat(submissions)
    while waiting:
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        waiting = _refused(batch, _answers(put, batch)) + waiting


def failed_to_the_end(submissions: Sequence[Sequence[Record]], put: Put) -> None:
    """What was refused goes again behind all that waits: Kinesis producers with a retry queue, such as the KPL."""
    waiting = _flat(submissions)
    while waiting:
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        waiting = waiting + _refused(batch, _answers(put, batch))


def whole_batch_again(submissions: Sequence[Sequence[Record]], put: Put) -> None:
    """A batch with a refusal goes again as a whole, in batches small enough to end: Camel, Lambda without a report."""
    waiting = _flat(submissions)
    for start in range(0, len(waiting), _SMALL):
        batch = waiting[start : start + _SMALL]
        while _refused(batch, _answers(put, batch)):
            pass


def gives_up_after_three(submissions: Sequence[Sequence[Record]], put: Put) -> None:
    """What was refused three times is dropped: Fluent Bit retry_limit, KPL's RecordTtl, Vector before 0.50."""
    waiting = _flat(submissions)
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        for _ in range(_TRIES):
            batch = _refused(batch, _answers(put, batch)) if batch else []


def waves(submissions: Sequence[Sequence[Record]], put: Put) -> None:
    """Ours: at most one record of a submission on the wire, up to 500 submissions side by side."""
    publisher = Publisher(random.Random(1).random)
    for number, records in enumerate(submissions):
        publisher.admit(number, records)
    now = 0.0
    while (ready_at := publisher.ready_at(now)) is not None:
        now = ready_at + _CALL_SECONDS  # a refused lane pauses for a moment, in which the others go on
        wave = publisher.next_wave(now)
        assert wave is not None
        publisher.settle(wave, _or_none(put, wave.records), now)


_CALL_SECONDS: Final = 0.02
_SMALL: Final = 20  # with 500 records and 5 % refused, "whole batch again" never ends
POLICIES: Final[tuple[Policy, ...]] = (
    deletes_whatever_happened,
    one_record_a_call,
    failed_to_the_front,
    failed_to_the_end,
    whole_batch_again,
    gives_up_after_three,
    waves,
)


def _flat(submissions: Sequence[Sequence[Record]]) -> list[Record]:
    return [record for records in submissions for record in records]


def _or_none(put: Put, records: Sequence[Record]) -> Sequence[Answer] | None:
    try:
        return put(records)
    except CallFailed:
        return None


def _answers(put: Put, records: Sequence[Record]) -> Sequence[Answer | None]:
    return _or_none(put, records) or [None] * len(records)


def _refused(batch: Sequence[Record], answers: Sequence[Answer | None]) -> list[Record]:
    return [record for record, answer in zip(batch, answers, strict=True) if not isinstance(answer, Acknowledged)]
