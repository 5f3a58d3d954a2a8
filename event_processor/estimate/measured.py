"""What one core can do, as measured: `measured.json`, made from the benchmarks' results by `benchmarks.sizing`.

Between the measured points it is drawn straight; outside them it stays at the last one, except where growth is plain
arithmetic (bytes of a record, submissions in hand), which goes on at the last slope.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pydantic import BaseModel, ConfigDict

from event_processor.estimate.load import Load

Points = Sequence[tuple[float, float]]
FILE: Final = "measured.json"
_MUCH_BYTES: Final = 8 * 1024 * 1024  # less in hand is not told from the noise


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


class Measured(_Frozen):
    """Medians of the benchmarks, with what they were measured at."""

    provisional: bool
    base_record_bytes: int
    base_events_per_submission: int
    base_max_in_flight: int
    base_max_in_flight_bytes: int
    sources: tuple[Source, ...]
    latencies: tuple[AtLatency, ...]
    growth: tuple[Growth, ...]

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
        more_bytes = max(0, load.submission_bytes - self._base.submission_bytes)
        return between(points, submissions, beyond=True) + submissions * more_bytes * self._memory_of_a_byte

    @property
    def _base(self) -> Load:
        return Load(1, self.base_record_bytes, self.base_events_per_submission)

    @property
    def _memory_of_a_byte(self) -> float:
        """What a byte in hand takes, by the larger submissions that were measured: the dearest of them, at least 1."""
        base_peak = min(row.peak_memory_bytes for row in self.growth if row.peak_memory_bytes is not None)
        larger = [
            (row.peak_memory_bytes - base_peak, self._held_bytes(load))
            for row in self.growth
            if row.peak_memory_bytes is not None and (load := self._larger(row)) is not None
        ]
        return max([1.0, *(peak / held for peak, held in larger if held > _MUCH_BYTES)])

    def _larger(self, row: Growth) -> Load | None:
        """What was carried in that row, if it is the submission that varied."""
        if row.varied == "record_bytes":
            return replace(self._base, record_bytes=int(row.value))
        if row.varied == "events_per_submission":
            return replace(self._base, events_per_submission=int(row.value))
        return None

    def _held_bytes(self, load: Load) -> int:
        """More than at the base, in a measurement: bounded as the processor was."""
        held, base = (
            min(self.base_max_in_flight * each.submission_bytes, self.base_max_in_flight_bytes)
            for each in (load, self._base)
        )
        return held - base

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
