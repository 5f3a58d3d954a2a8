"""A reject: something received that is not published, with everything needed to explain, count and replay it."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from event_processor import __version__
from event_processor.verdict import Fault, Reason


class Origin(NamedTuple):
    """One receipt of one thing: by which door it came, its id there, and how often it came so far.

    `sent_at` is the time of sending as the door knows it, None if it does not; `received_at` is ours. Both are UTC.
    """

    door: str
    id: str
    receive_count: int
    sent_at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Reject:
    """A whole submission, or one event of it, that is not published.

    `original` is text: the message body for a submission, the event's JSON for an event. `event_type` and `sequence`
    are set for an event only. `reject_id` is the same for every delivery of the same thing.
    """

    reject_id: str
    faults: tuple[Fault, ...]
    original: str
    origin: Origin
    submission_id: str | None = None
    device_id: str | None = None
    time_created: str | None = None
    event_type: str | None = None
    sequence: int | None = None

    @property
    def reason(self) -> Reason:
        """The reason it is counted under: that of its first fault."""
        return self.faults[0].reason

    def summary(self) -> dict[str, Any]:
        """Everything but the payload: what may be logged."""
        first = self.faults[0]
        return {
            "reject_id": self.reject_id,
            "reason": first.reason.value,
            "pointer": first.pointer,
            "detail": first.detail,
            "faults": [{"reason": f.reason.value, "pointer": f.pointer, "detail": f.detail} for f in self.faults],
            "submission_id": self.submission_id,
            "device_id": self.device_id,
            "event_type": self.event_type,
            "sequence": self.sequence,
            "message_id": self.origin.id,
            "receive_count": self.origin.receive_count,
            "received_at": self.origin.received_at.isoformat(),
            "processor_version": __version__,
        }

    def to_json(self) -> str:
        """One line of JSON, the original included; pure ASCII, so that no store can choke on it."""
        return json.dumps({**self.summary(), "time_created": self.time_created, "original": self.original})


_INDEX: Final = re.compile(r"/\d+(?=/|$)")


class KeptReject(BaseModel):
    """`event_type` and `sequence` are there for an event only; see Reject.

    `original` is None where the store could not take it: the queue has the message still, or its dead-letter queue.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    reject_id: str
    reason: str
    pointer: str
    original: str | None
    received_at: AwareDatetime
    submission_id: str | None = None
    device_id: str | None = None
    time_created: str | None = None
    event_type: str | None = None
    sequence: int | None = None

    @property
    def pattern(self) -> str:
        """The pointer with a star for each place in a list: what rejects of one cause have in common."""
        return _INDEX.sub("/*", self.pointer)

    def as_stored(self) -> dict[str, Any]:
        """All of it, as its store has it."""
        return self.model_dump(mode="json")
