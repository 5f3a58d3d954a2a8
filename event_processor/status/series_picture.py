"""The picture of a series: value, band, findings, labels, and where there is no band yet. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from math import isfinite
from typing import Final, NamedTuple

from event_processor.monitoring.finding import number_words
from event_processor.monitoring.history import Point
from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.tracked import Tracked

WIDTH, HEIGHT = 600, 100
_LINE_BUCKETS: Final = 96
_BEFORE, _AFTER = 110, 50  # buckets, of an incident
_EDGE: Final = 5.0  # above and below, so that marks are whole


class Span(NamedTuple):
    """A stretch of time."""

    x: float
    width: float
    title: str


class Mark(NamedTuple):
    """A bucket with a finding."""

    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Of `width` by `height`; each line and each band is a text of points."""

    title: str
    top: str
    bottom: str
    since: str
    until: str
    bands: Sequence[str]
    lines: Sequence[str]
    marks: Sequence[Mark]
    warming: Sequence[Span]
    labelled: Sequence[Span]
    incidents: Sequence[tuple[str, Span]]
    cursor: float | None = None
    """Where the bucket is that all is about."""
    width: int = WIDTH
    height: int = HEIGHT


def of_now(tracked: Tracked, labelled: Callable[[int], bool]) -> Picture | None:
    """The newest buckets; None where there is none."""
    points = tracked.series.points()[-_LINE_BUCKETS:] if tracked.series else []
    return _picture(tracked, points, labelled, None)


def of_incident(tracked: Tracked, incident: Incident, labelled: Callable[[int], bool]) -> Picture | None:
    """What was before and after; None if it is not kept any more."""
    seconds = tracked.bucket_seconds
    since, until = incident.latest.bucket_start - _BEFORE * seconds, incident.end + _AFTER * seconds
    points = [point for point in (tracked.series.points() if tracked.series else []) if since <= point.start < until]
    return _picture(tracked, points, labelled, incident)


class _Frame:
    """Where a time and a value are in the picture."""

    def __init__(self, points: Sequence[Point], until: int) -> None:
        self.since, self.until = points[0].start, until
        values = [point.value for point in points if isfinite(point.value)]
        bands = [each for point in points for each in (point.low, point.high) if isfinite(each)]
        low, high = _range(values, bands)
        margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
        self.low, self.high = low - margin, high + margin
        self.top, self.bottom = number_words(high), number_words(low)

    def x(self, time: float) -> float:
        """Cut off at the edges."""
        share = (time - self.since) / max(1, self.until - self.since)
        return round(WIDTH * min(1.0, max(0.0, share)), 1)

    def y(self, value: float) -> float:
        """Cut off at the edges."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - _EDGE - (HEIGHT - 2 * _EDGE) * min(1.0, max(0.0, share)), 1)

    def span(self, since: int, until: int, title: str) -> Span:
        """From one time to the other."""
        x = self.x(since)
        return Span(x, round(max(2.0, self.x(until) - x), 1), title)


def _range(values: Sequence[float], bands: Sequence[float]) -> tuple[float, float]:
    """Of all values, and of the band so far as it leaves the values their shape."""
    if not values:
        return min(bands, default=0.0), max(bands, default=1.0)
    low, high = min(values), max(values)
    room = high - low
    if not room or not bands:
        return min(low, *bands, low), max(high, *bands, high)
    return max(min(low, *bands), low - room), min(max(high, *bands), high + room)


def _picture(
    tracked: Tracked, points: Sequence[Point], labelled: Callable[[int], bool], about: Incident | None
) -> Picture | None:
    if not points:
        return None
    seconds, incidents = tracked.bucket_seconds, tracked.incidents.all
    shown = [each for each in incidents if each.end > points[0].start]
    ends = [each.end for each in shown if about is None or each is about]
    frame = _Frame(points, max(points[-1].start + seconds, *ends, 0))
    runs = list(_unbroken(points, seconds))
    return Picture(
        title=tracked.key,
        top=frame.top,
        bottom=frame.bottom,
        since=_time(frame.since),
        until=_time(frame.until),
        bands=[_band(run, frame, seconds) for run in _parts(runs, _has_band)],
        lines=[_line(run, frame, seconds) for run in _parts(runs, lambda point: isfinite(point.value))],
        marks=list(_marks(points, shown, frame, seconds)),
        warming=list(_spans(points, lambda point: not _has_band(point), frame, seconds, "no band yet")),
        labelled=list(_spans(points, lambda point: labelled(point.start), frame, seconds, "labelled")),
        incidents=[
            (each.latest.severity, frame.span(each.start, each.end, f"{each.latest.detector}, {each.state}"))
            for each in shown
            if each.start < frame.until
        ],
        cursor=None if about is None else frame.x(about.latest.bucket_start + seconds / 2),
    )


def _has_band(point: Point) -> bool:
    return isfinite(point.low) and isfinite(point.high)


def _unbroken(points: Iterable[Point], seconds: int) -> Iterator[list[Point]]:
    """Runs of buckets without one missing between them."""
    for _, run in groupby(enumerate(points), key=lambda each: each[1].start // seconds - each[0]):
        yield [point for _, point in run]


def _parts(runs: Iterable[Sequence[Point]], is_in: Callable[[Point], bool]) -> Iterator[list[Point]]:
    for run in runs:
        for has, part in groupby(run, key=is_in):
            if has:
                yield list(part)


def _line(run: Sequence[Point], frame: _Frame, seconds: int) -> str:
    """Through the middle of each bucket; one alone is as wide as it is."""
    if len(run) == 1:
        [point] = run
        return _pairs((frame.x(point.start + share * seconds), frame.y(point.value)) for share in (0.25, 0.75))
    return _pairs((frame.x(point.start + seconds / 2), frame.y(point.value)) for point in run)


def _band(run: Sequence[Point], frame: _Frame, seconds: int) -> str:
    edges = [(point.start, point) for point in run] + [(run[-1].start + seconds, run[-1])]
    upper = [(frame.x(time), frame.y(point.high)) for time, point in edges]
    return _pairs([*upper, *((frame.x(time), frame.y(point.low)) for time, point in reversed(edges))])


def _pairs(found: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in found)


def _marks(points: Sequence[Point], incidents: Sequence[Incident], frame: _Frame, seconds: int) -> Iterator[Mark]:
    told = {each.bucket_start for incident in incidents for each in (incident.first, incident.latest)}
    for point in points:
        if point.is_finding or point.start in told:
            value = point.value if isfinite(point.value) else frame.low
            said = number_words(point.value) if isfinite(point.value) else "no value"
            yield Mark(frame.x(point.start + seconds / 2), frame.y(value), f"{said}, {_time(point.start)}")


def _spans(
    points: Sequence[Point], is_in: Callable[[Point], bool], frame: _Frame, seconds: int, title: str
) -> Iterator[Span]:
    for has, part in groupby(points, key=is_in):
        if has:
            found = list(part)
            yield frame.span(found[0].start, found[-1].start + seconds, title)


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%m-%d %H:%M}"
