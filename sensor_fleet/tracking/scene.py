"""What is known when an event is made: who sends it, when, from which release, and how far things have drifted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random


@dataclass(frozen=True, slots=True)
class Scene:
    """Where one event happens. `drift` is 0..1 for each thing that changes over time; what is not in it stays."""

    rng: Random
    visitor: str
    at: datetime
    release: str
    drift: Mapping[str, float]

    def time(self, later: timedelta = timedelta()) -> str:
        """The time of the event, or one somewhat later, as RFC 3339 with milliseconds."""
        return (self.at + later).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
