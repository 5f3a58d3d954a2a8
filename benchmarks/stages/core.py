"""The stages without calls: from the body to the record, what is held, lanes and waves, logs and metrics."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from prometheus_client import CollectorRegistry

from benchmarks.stages.stage import Stage
from event_processor.clock import SystemClock
from event_processor.publishing.publisher import PUT_RECORDS_MAX, Publisher
from event_processor.publishing.stream import Acknowledged, Record, Shard
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.event_models import EventModels
from event_processor.submissions.holdings import Holdings
from event_processor.submissions.parse import parse
from event_processor.submissions.validate import Submission, Valid, judge, open_submission
from event_processor.submissions.verdicts import verdicts
from event_processor.submissions.written_event import RecordRules, record_with, time_stamp
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.telling import FanOut

MIB = 1024 * 1024
RULES = RecordRules("device_id", MIB, EventModels())
BATCH = 10  # messages a receive or a delete


@dataclass(frozen=True, slots=True)
class Sample:
    """Deliveries of the back end, and what they are turned into."""

    deliveries: Sequence[Delivery]
    valid: Sequence[tuple[Submission, Sequence[Valid]]]
    records: Sequence[Sequence[Record]]

    @property
    def events(self) -> int:
        """Of all deliveries."""
        return sum(map(len, self.records))

    @classmethod
    def of(cls, deliveries: Sequence[Delivery]) -> "Sample":
        """All of them must be sound."""
        now = datetime.now(UTC)
        records = [
            [record for record in verdicts(delivery.body, delivery.origin, RULES, now) if isinstance(record, Record)]
            for delivery in deliveries
        ]
        return cls(deliveries, [_validated(delivery) for delivery in deliveries], records)


def core_stages(sample: Sample) -> list[Stage]:
    """Each on the whole sample."""
    submissions, events = len(sample.deliveries), sample.events
    waves = -(-submissions // PUT_RECORDS_MAX) * max(map(len, sample.records))
    return [
        Stage("parse and validate", "submission", submissions, events, lambda: _parse_and_validate(sample)),
        Stage("record", "record", events, events, lambda: _record(sample)),
        Stage("hold", "submission", submissions, events, lambda: _hold(sample)),
        Stage("waves", "wave", waves, events, lambda: _waves(sample)),
        _observability(sample),
    ]


def _validated(delivery: Delivery) -> tuple[Submission, list[Valid]]:
    submission = open_submission(parse(delivery.body), RULES.event_types)
    assert isinstance(submission, Submission)
    return submission, [verdict for verdict in judge(submission, RULES.event_types) if isinstance(verdict, Valid)]


def _parse_and_validate(sample: Sample) -> None:
    for delivery in sample.deliveries:
        submission = open_submission(parse(delivery.body), RULES.event_types)
        assert isinstance(submission, Submission)
        for _ in judge(submission, RULES.event_types):
            pass


def _record(sample: Sample) -> None:
    for submission, events in sample.valid:
        stamp = time_stamp(datetime.now(UTC))
        for event in events:
            record_with(submission, event, RULES, stamp)


def _hold(sample: Sample) -> None:
    """From the receive to the delete: room reserved, taken, grown by its records, looked up, dropped."""
    held = Holdings(len(sample.deliveries), 1024 * MIB, visibility_seconds=60)
    for start in range(0, len(sample.deliveries), BATCH):
        held.reserve(BATCH, BATCH)
        for delivery in sample.deliveries[start : start + BATCH]:
            held.take(delivery, 0.0)
        held.unreserve(BATCH, BATCH)
    for delivery, records in zip(sample.deliveries, sample.records, strict=True):
        held.grow(delivery.message_id, sum(record.size_bytes for record in records))
    held.run_out(0.0)
    held.due(0.0, lead_seconds=30.0)
    for _ in range(3):  # completed, about to be deleted, dropped
        held.among([delivery.message_id for delivery in sample.deliveries])
    for delivery in sample.deliveries:
        held.drop(delivery.message_id)


def _waves(sample: Sample) -> None:
    """Each wave a second after the one before, so that no shard is ever full."""
    publisher, sequence_numbers, seconds = Publisher(random.random), count(1), count()
    publisher.reshard([Shard(f"shardId-{number:012d}", number << 122) for number in range(64)])
    for delivery, records in zip(sample.deliveries, sample.records, strict=True):
        publisher.admit(delivery.message_id, records)
    while (wave := publisher.next_wave(now := float(next(seconds)))) is not None:
        publisher.settle(wave, [Acknowledged("shardId-0", next(sequence_numbers)) for _ in wave.records], now)


def _observability(sample: Sample) -> Stage:
    observer = RunTelemetry(Metrics(CollectorRegistry(), CATALOGUE), SystemClock(), RULES.event_types.names).observer
    admitted = list(zip(sample.deliveries, sample.records, strict=True))
    records = [record for lane in sample.records for record in lane]

    def work() -> None:
        for start in range(0, len(admitted), BATCH):
            _tell_of_batch(observer, admitted[start : start + BATCH])
        for start in range(0, len(records), PUT_RECORDS_MAX):
            _tell_of_wave(observer, records[start : start + PUT_RECORDS_MAX])
        for delivery in sample.deliveries:
            observer.completed(delivery, 0.1)

    return Stage("observability", "submission", len(admitted), len(records), work)


def _tell_of_batch(observer: FanOut, admitted: Sequence[tuple[Delivery, Sequence[Record]]]) -> None:
    deliveries = [delivery for delivery, _ in admitted]
    observer.called("receive", 0.005)
    observer.working("receive")
    observer.received(deliveries, 0.005)
    observer.validated(admitted)
    observer.in_flight(1000, MIB)
    observer.called("delete", 0.005)
    observer.working("delete")
    observer.deleted(deliveries)
    observer.in_flight(1000, MIB)


def _tell_of_wave(observer: FanOut, records: Sequence[Record]) -> None:
    observer.called("put", 0.01)
    observer.working("put")
    observer.wave(range(len(records)), len(records), 0, 0.01)
    observer.published(records)
    observer.refused([])
    observer.in_flight(1000, MIB)
