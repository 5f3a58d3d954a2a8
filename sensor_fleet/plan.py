"""What one submission must become: made by the generator, kept in the manifest, compared with the stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class PlannedEvent(NamedTuple):
    """One event as it must be published; `sequence` counts every event of the document, bad ones too."""

    sequence: int
    event_type: str
    event_data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one submission must become, known because we made it.

    `must` appear, `may` appear (the formats leave it open), `must_not` appear (sequence to reason). A submission
    `rejected` as a whole, with its reason, lets nothing appear. A sequence named nowhere must not appear either.
    Submissions of one message `group` appear in the order in which they are planned; empty on a standard queue.
    """

    submission_id: str
    device_id: str
    time_created: str
    must: tuple[PlannedEvent, ...] = ()
    may: tuple[PlannedEvent, ...] = ()
    must_not: Mapping[int, str] = field(default_factory=dict)
    rejected: str = ""
    group: str = ""
