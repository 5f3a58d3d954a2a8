"""A perfect stream of what was planned, made by hand, for tests to hand to the oracle or to damage."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from sensor_fleet.oracle import Oracle
from sensor_fleet.plan import Plan, PlannedEvent
from sensor_fleet.report import Report

_NAMESPACE = uuid.UUID("4a3f1d62-6c0e-5a9b-9d5e-6a4f3c1b2e10")


@dataclass
class Put:
    """One record on a shard."""

    record: dict[str, Any]
    shard_id: str = "shard-0"
    partition_key: str = ""

    @property
    def data(self) -> bytes:
        """The bytes on the stream."""
        return orjson.dumps(self.record)

    def copy(self) -> "Put":
        """The same record once more, to be damaged on its own."""
        return Put(dict(self.record), self.shard_id, self.partition_key)


@dataclass
class Stream:
    """Records in reading order, and the parents of the shards that have some."""

    puts: list[Put]
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)


def event_id(plan: Plan, sequence: int) -> str:
    """An id any processor could have made: of version 5, of the submission and the position."""
    return str(uuid.uuid5(_NAMESPACE, f"{plan.submission_id}/{sequence}"))


def record(plan: Plan, event: PlannedEvent) -> dict[str, Any]:
    """The record of one event, as the formats have it."""
    return {
        "event_id": event_id(plan, event.sequence),
        "submission_id": plan.submission_id,
        "device_id": plan.device_id,
        "sequence": event.sequence,
        "event_type": event.event_type,
        "processed_at": "2026-01-02T03:04:05.678901Z",
        "time_created": plan.time_created,
        "event_data": dict(event.event_data),
    }


def publish(plans: Iterable[Plan]) -> Stream:
    """Everything that must appear, submission after submission, on one shard."""
    return Stream([Put(record(plan, event), partition_key=plan.device_id) for plan in plans for event in plan.must])


def judge(
    plans: Iterable[Plan], stream: Stream, *, unconfirmed: tuple[str, ...] = (), allow_others: bool = False
) -> Report:
    """The oracle's report on this stream, when all but the `unconfirmed` submissions were acknowledged."""
    oracle = Oracle(allow_others=allow_others)
    for plan in plans:
        oracle.plan(plan)
        if plan.submission_id not in unconfirmed:
            oracle.confirm(plan.submission_id)
    for shard_id, parents in ({"shard-0": ()} | stream.parents).items():
        oracle.shard(shard_id, parents)
    for put in stream.puts:
        oracle.read(put.shard_id, put.partition_key, put.data)
    return oracle.report()
