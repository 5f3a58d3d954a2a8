"""What one core can do, as measured: `measured.json`, made from the benchmarks' results by `benchmarks.sizing`.

Between the measured points it is drawn straight; outside them it stays at the last one, except where growth is plain
arithmetic (bytes of a record, submissions in hand), which goes on at the last slope.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict

from event_processor.estimate.load import Load

Points = Sequence[tuple[float, float]]
FILE: Final = "measured.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AtLatency(_Frozen):
    """End to end on one core, nothing refused."""

    transport: str
    latency_seconds: float
    events_per_second: float
    cpu_us_per_event: float


class Growth(_Frozen):
    """One thing varied, all else as at the base."""

    transport: str
    varied: str
    value: float
    cpu_us_per_event: float
    peak_memory_bytes: float | None = None


class Source(_Frozen):
    """A result that this was made from."""

    file: str
    recorded_at: str
    cpu: str
    cores: int
    python: str


class OneCore(_Frozen):
    """A job on one core at full load."""

    cpu_us_per_record: float
    peak_memory_bytes: float
    source: Source


class Measured(_Frozen):
    """Medians of the benchmarks, with what they were measured at.

    `memory_of_a_byte` is how many bytes of memory a byte in hand takes, by the larger submissions that were measured.
    """

    provisional: bool
    base_record_bytes: int
    base_events_per_submission: int
    memory_of_a_byte: float
    sources: tuple[Source, ...]
    latencies: tuple[AtLatency, ...]
    growth: tuple[Growth, ...]
    inspector: OneCore  # by page events of 1.6 KB
    gateway: OneCore  # a record a request
    delivery: OneCore  # by page events of 1 KB, into raw, Parquet and DuckDB

    def events_per_second(self, load: Load) -> float:
        """What one core carries of this load."""
        points = [(at.latency_seconds, at.events_per_second) for at in self._at_latencies(load)]
        return between(points, load.latency_seconds) / self._cost_ratio(load)

    def cpu_seconds(self, load: Load) -> float:
        """CPU for one event."""
        points = [(at.latency_seconds, at.cpu_us_per_event) for at in self._at_latencies(load)]
        return between(points, load.latency_seconds) * self._cost_ratio(load) / 1e6

    def memory_bytes(self, load: Load, submissions: int) -> float:
        """At its peak, with so many submissions in hand; a larger submission adds its bytes."""
        points = [
            (row.value, row.peak_memory_bytes)
            for row in self._rows("in_flight", load.transport)
            if row.peak_memory_bytes is not None
        ]
        base = Load(1, self.base_record_bytes, self.base_events_per_submission)
        more_bytes = max(0, load.submission_bytes - base.submission_bytes)
        return between(points, submissions, beyond=True) + submissions * more_bytes * self.memory_of_a_byte

    def _cost_ratio(self, load: Load) -> float:
        """How much dearer an event is than at the base: longer records cost more, larger submissions less."""
        sizes = self._points("record_bytes", load.transport)
        # Receive and delete are shared by a submission's events: cost is a line over the share of each.
        shares = sorted((1 / events, cost) for events, cost in self._points("events_per_submission", load.transport))
        by_size = between(sizes, load.record_bytes, beyond=True) / between(sizes, self.base_record_bytes)
        by_share = between(shares, 1 / load.events_per_submission) / between(
            shares, 1 / self.base_events_per_submission
        )
        return by_size * by_share

    def _at_latencies(self, load: Load) -> list[AtLatency]:
        return sorted(
            (at for at in self.latencies if at.transport == load.transport), key=lambda at: at.latency_seconds
        )

    def _points(self, varied: str, transport: str) -> Points:
        return [(row.value, row.cpu_us_per_event) for row in self._rows(varied, transport)]

    def _rows(self, varied: str, transport: str) -> list[Growth]:
        """Those of this transport; where only the other was measured, that one's, whose ratios serve as well."""
        rows = sorted((row for row in self.growth if row.varied == varied), key=lambda row: row.value)
        return [row for row in rows if row.transport == transport] or rows


def between(points: Points, x: float, beyond: bool = False) -> float:
    """The value at `x` on the line through `points`, which rise in x; outside them the last value, or slope."""
    if len(points) == 1 or x <= points[0][0]:
        return points[0][1]
    right = next((n for n, (known, _) in enumerate(points) if x <= known), len(points) - 1)
    (x0, y0), (x1, y1) = points[right - 1], points[right]
    slope = (y1 - y0) / (x1 - x0)
    if x > x1:
        slope = max(0.0, slope) if beyond else 0.0  # noise must not make it sink without end
    return y1 + slope * (x - x1)
