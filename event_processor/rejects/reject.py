"""A reject: something received that is not published, with everything needed to explain, count and replay it."""

import json
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from event_processor import __version__
from event_processor.verdict import Fault, Reason, Sender, Stage

Door = Literal["queue", "stream", "door"]


class Origin(NamedTuple):
    """One receipt of one thing: what it came from, that one's name, its id there, and how often it came so far.

    The id is that of a message, or shard and sequence number of a record. `sent_at` is the time of sending as the
    source knows it, None if it does not; `received_at` is ours. Both are UTC.
    """

    kind: Door
    name: str
    id: str
    receive_count: int
    sent_at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that is not published, or not valid where it is: a submission, one event of it, a record of a stream.

    `original` is text: the message body for a submission, the event's JSON for an event, the data of a record, in
    base64 if that is not UTF-8, as `original_encoding` says. `event_type` and `sequence` are set for an event only,
    `subject` and `version` of the contract where there is one, `partition_key` for a record. `reject_id` is the same
    for every delivery of the same thing.
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
    stage: Stage = Stage.CONTRACT
    subject: str | None = None
    version: str | None = None
    library: str | None = None
    app_version: str | None = None
    partition_key: str | None = None
    original_encoding: Literal["text", "base64"] = "text"

    @property
    def reason(self) -> Reason:
        """The reason it is counted under: that of its first fault."""
        return self.faults[0].reason

    @property
    def sender(self) -> Sender:
        """Who sent it, as far as is known."""
        return Sender(self.device_id, self.library, self.app_version)

    def summary(self) -> dict[str, Any]:
        """Everything but the payload: what may be logged."""
        return self._common_fields([told(fault) for fault in self.faults]) | self._origin_fields()

    def to_json(self) -> str:
        """One line of JSON, the original included; pure ASCII, so that no store can choke on it."""
        faults = [told(fault) | ({} if fault.found is None else {"found": fault.found}) for fault in self.faults]
        payload = {"time_created": self.time_created, "original": self.original}
        more = {"original_encoding": self.original_encoding, "partition_key": self.partition_key}
        return json.dumps({**self._common_fields(faults), **payload, **self._origin_fields(), **more})

    def _common_fields(self, faults: list[dict[str, str]]) -> dict[str, Any]:
        """What every stored reject begins with: stores are full of them, so this stays as it is."""
        first = self.faults[0]
        return {
            "reject_id": self.reject_id,
            "reason": first.reason.value,
            "pointer": first.pointer,
            "detail": first.detail,
            "faults": faults,
            "submission_id": self.submission_id,
            "device_id": self.device_id,
            "event_type": self.event_type,
            "sequence": self.sequence,
            "message_id": self.origin.id if self.origin.kind == "queue" else None,
            "receive_count": self.origin.receive_count,
            "received_at": self.origin.received_at.isoformat(),
            "processor_version": __version__,
        }

    def _origin_fields(self) -> dict[str, Any]:
        sent_at = self.origin.sent_at
        return {
            "stage": self.stage.value,
            "subject": self.subject,
            "version": self.version,
            "source_kind": self.origin.kind,
            "source": self.origin.name,
            "source_id": self.origin.id,
            "sent_at": sent_at and sent_at.isoformat(),
            "library": self.library,
            "app_version": self.app_version,
        }


def told(fault: Fault) -> dict[str, str]:
    """What may be said of a fault to anybody: no payload."""
    words = {"reason": fault.reason.value, "pointer": fault.pointer, "detail": fault.detail}
    return words | ({"expected": fault.expected} if fault.expected else {})


_INDEX: Final = re.compile(r"/\d+(?=/|$)")


class KeptReject(BaseModel):
    """A reject as a store gives it back; see Reject. Those of before version 0.2 say nothing of stage and source.

    `original` is None where the store could not take it: its source has it still, or a dead-letter queue.
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
    stage: str | None = None
    subject: str | None = None
    version: str | None = None
    source_kind: str | None = None
    source: str | None = None
    source_id: str | None = None
    sent_at: AwareDatetime | None = None
    library: str | None = None
    app_version: str | None = None
    partition_key: str | None = None
    original_encoding: Literal["text", "base64"] = "text"

    @property
    def pattern(self) -> str:
        """The pointer with a star for each place in a list: what rejects of one cause have in common."""
        return _INDEX.sub("/*", self.pointer)

    @property
    def seen_at(self) -> datetime:
        """When it was sent, as its source knows it, else when it was received: a reader may be hours behind."""
        return self.sent_at or self.received_at

    @property
    def is_record(self) -> bool:
        """Whether it is a record, of a stream or refused at the door to one, which is judged by its contract.

        Else it came as a submission.
        """
        return self.source_kind in {"stream", "door"}

    @property
    def data(self) -> bytes | None:
        """The original's bytes; None without it, and for what is not base64 though it says so."""
        if self.original is None:
            return None
        if self.original_encoding == "base64":
            try:
                return b64decode(self.original, validate=True)
            except ValueError:
                return None
        return self.original.encode("utf-8", "surrogatepass")

    def as_stored(self) -> dict[str, Any]:
        """The whole reject as its store has it."""
        return self.model_dump(mode="json", exclude_unset=True)
