"""One series: what came, and the verdict on what comes. Pure; nothing here knows what time it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, Final

from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.features import see
from event_processor.monitoring.finding import Finding
from event_processor.monitoring.history import DAY, KEPT, History, Point, nothing
from event_processor.monitoring.model import Model
from event_processor.monitoring.verdict import judge

_HELD: Final = 256  # buckets, and a day at most: so long a finding is not what is usual


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was found of one metric. The band is in units of the value, and there while nothing is found, too."""

    finding: Finding | None
    value: float | None
    expected: float | None
    low: float | None
    high: float | None
    score: float
    """How far out of the band: 1 is its edge. 0 while there is no band."""
    warming: tuple[int, int] | None
    """Buckets there are, and how many the baseline needs; None when it has them."""
    supersedes: int | None
    """The start of the bucket, if it was evaluated before as an earlier revision: that verdict no longer holds."""


class Series:
    """The state of one series, bounded (see `history`). A series with another length of bucket is another one.

    Buckets may come late, and again as revisions, as long as they are among the newest 512. A bucket far in the future
    makes all that follow too late: whoever knows the time keeps it out.
    """

    def __init__(self, series: SeriesId, bucket_seconds: int) -> None:
        self.id = series
        self.bucket_seconds = bucket_seconds
        self._history = History(bucket_seconds)

    def evaluate(
        self, metric: Metric, model: Model | None = None, excluded: Callable[[int], bool] = nothing
    ) -> Evaluation | None:
        """The verdict on a metric of this series, and from then on it is history.

        None, and nothing is changed, for one that is not complete, that came before in this revision or a later one,
        or that is too old. `excluded` says of the start of a bucket whether labels keep it out of what is usual; the
        same function again costs nothing, another one is asked of each bucket kept.
        """
        history, start = self._history, metric.bucket_start
        if not metric.complete:
            return None
        place = history.place(start)
        again = history.known(start, place)
        if (again and metric.revision <= history.revisions[place]) or (
            not again and not place and len(history) >= KEPT
        ):
            return None
        history.leave_out(excluded)
        history.forgive(start - min(DAY, _HELD * self.bucket_seconds))
        value = nan if metric.value is None or not isfinite(metric.value) else float(metric.value)
        sight = see(history, place, start, value, metric.n, share=self.id.name.endswith("ratio"))
        verdict = judge(history, place, metric, value, sight, model)
        history.put(place, start, value, metric.n, metric.revision, sight.seen)
        expected, low, high = verdict.band or (None, None, None)
        edges = nan if low is None else low, nan if high is None else high
        history.note(start, *edges, is_finding=verdict.finding is not None)
        superseded = start if again else None
        return Evaluation(
            verdict.finding, metric.value, expected, low, high, verdict.score, verdict.warming, superseded
        )

    def points(self) -> list[Point]:
        """What a picture of it shows: see History."""
        return self._history.points()

    def state(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {"series": self.id.key, "history": self._history.state()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "Series":
        """What `state` was of."""
        history = History.restore(state["history"])
        series = cls(SeriesId.parse(state["series"]), history.bucket_seconds)
        series._history = history
        return series
