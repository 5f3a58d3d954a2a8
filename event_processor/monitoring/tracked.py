"""What a monitor knows of one series, and how that is stored. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from event_processor.metrics.metric import SeriesId
from event_processor.monitoring.incidents import Incident, Incidents
from event_processor.monitoring.series import Evaluation, Series
from event_processor.monitoring.silence import Arrival


@dataclass(slots=True)
class Tracked:
    """One series, of which something came at `seen_at`. `part` is the number of the object it is stored in; `series` is
    None for what has no values: that metrics arrive at all. `latest` is the newest evaluation of this process.
    """

    id: SeriesId
    series: Series | None
    part: int
    arrival: Arrival = field(default_factory=Arrival)
    incidents: Incidents = field(default_factory=Incidents)
    seen_at: float = 0.0
    latest: Evaluation | None = None

    @property
    def key(self) -> str:
        """Of its series."""
        return self.id.key

    @property
    def bucket_seconds(self) -> int:
        """Of its series; what has none is told about as if by the minute."""
        return self.series.bucket_seconds if self.series is not None else 60

    def state(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "id": self.key,
            "series": self.series and self.series.state(),
            "seen_at": self.seen_at,
            "arrival": self.arrival.state(),
            "incidents": [incident.state_of() for incident in self.incidents.all],
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], part: int) -> "Tracked":
        """What `state` was of. Raises ValueError, TypeError or KeyError for what is none."""
        return cls(
            id=SeriesId.parse(state["id"]),
            series=Series.restore(state["series"]) if state["series"] else None,
            part=part,
            arrival=Arrival.restore(state["arrival"]),
            seen_at=state["seen_at"],
            incidents=Incidents(Incident.restore(each) for each in state["incidents"]),
        )
