"""What a submission must become, and what was seen of it so far. Keeps digests instead of payloads, to be small."""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from sensor_fleet.lane import Lane
from sensor_fleet.plan import Plan, PlannedEvent

_NO_REASONS: Mapping[int, str] = {}


def digest(event_data: Mapping[str, Any]) -> bytes:
    """Equal for equal payloads only, whatever the order of their keys; 1, 1.0 and true are three values."""
    return hashlib.blake2b(orjson.dumps(event_data, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


class ExpectedEvent:
    """One event that must or may appear, and the id it was first seen with: None until then."""

    __slots__ = ("digest", "event_id", "event_type", "must")

    def __init__(self, planned: PlannedEvent, must: bool) -> None:
        self.event_type = sys.intern(planned.event_type)
        self.digest = digest(planned.event_data)
        self.must = must
        self.event_id: str | None = None


class ExpectedSubmission:
    """A submission's events by sequence, and the lane it is in: of its own, or with its message group."""

    __slots__ = (
        "confirmed",
        "device_id",
        "events",
        "lane",
        "partition_key",
        "rank",
        "reasons",
        "submission_id",
        "time_created",
    )

    def __init__(self, plan: Plan, rank: int, lane: Lane) -> None:
        self.submission_id = plan.submission_id
        self.rank = rank
        self.lane = lane
        self.device_id = sys.intern(plan.device_id)
        self.time_created = plan.time_created
        self.reasons = plan.rejected or plan.must_not or _NO_REASONS
        self.events = {event.sequence: ExpectedEvent(event, must=True) for event in plan.must}
        self.events |= {event.sequence: ExpectedEvent(event, must=False) for event in plan.may}
        self.confirmed = False
        self.partition_key = ""

    def missing(self) -> Iterator[int]:
        """The sequences that must still be seen: none before the submission is known to be on the queue."""
        if self.confirmed:
            yield from (number for number, event in self.events.items() if event.must and event.event_id is None)

    def why_not(self, sequence: int) -> str:
        """Why nothing with this sequence may appear."""
        if isinstance(self.reasons, str):
            return f"its submission is to be rejected: {self.reasons}"
        reason = self.reasons.get(sequence)
        return f"it is to be rejected: {reason}" if reason else "its submission has no such event"

    def differences(self, event: ExpectedEvent, partition_key: str, record: Mapping[str, Any]) -> list[str]:
        """The fields that differ from what was sent; missing fields are reported elsewhere."""
        wanted = {"device_id": self.device_id, "time_created": self.time_created, "event_type": event.event_type}
        found = [name for name, value in wanted.items() if record.get(name, value) != value]
        data = record.get("event_data")
        if isinstance(data, dict) and digest(data) != event.digest:
            found.append("event_data")
        if partition_key not in ((self.partition_key,) if self.partition_key else self._keys):
            found.append("partition key")
        return found

    def keyed(self, partition_key: str) -> None:
        """Note the partition key of its first record. Under its own id it is on another shard than its group."""
        if not self.partition_key and partition_key in self._keys:
            self.partition_key = partition_key
            if partition_key == self.submission_id:
                self.lane = Lane()

    @property
    def _keys(self) -> tuple[str, str]:
        return self.device_id, self.submission_id
