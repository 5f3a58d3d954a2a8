"""A reject as its store gives it back: what `Reject.to_json` wrote, by this version or an older one."""

import re
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from event_processor.publishing.record import event_id, uuid5

_EVENT_POINTER: Final = re.compile(r"/events/[^/]+/([0-9]{1,9})(?:/|$)")
_INDEX: Final = re.compile(r"/\d+(?=/|$)")


class KeptReject(BaseModel):
    """`event_type`, `sequence` and the place in the pointer are there for an event only; see Reject.

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

    @property
    def place(self) -> tuple[str, int, int] | None:
        """Event type, position and sequence of a rejected event; None if they are not those its id was made of."""
        found = _EVENT_POINTER.match(self.pointer)
        if found is None or self.submission_id is None or self.event_type is None or self.sequence is None:
            return None
        position = int(found[1])
        identity = uuid5(f"reject/{event_id(self.submission_id, self.event_type, position)}")
        return (self.event_type, position, self.sequence) if identity == self.reject_id else None

    def as_stored(self) -> dict[str, Any]:
        """All of it, as its store has it."""
        return self.model_dump(mode="json")
