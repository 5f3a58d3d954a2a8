"""A reject as its store gives it back: what `Reject.to_json` wrote, by this version or an older one."""

import re
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

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
