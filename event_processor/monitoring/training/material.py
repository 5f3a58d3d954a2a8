"""What models are trained on: series as the running monitor saw them, and which of their buckets are examples."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.evaluation import EPISODE_SECONDS, WARM_UP, Incident, ScoredSeries
from event_processor.monitoring.features import FEATURES
from event_processor.monitoring.model import Model
from event_processor.monitoring.series import Series

_CANDIDATES: Final = 12  # of a series: what is most unusual in it, by each of the features that follow
_UNUSUAL: Final = ("novelty", "rule")
_ORDINARY: Final = 50
_NOTHING: Final = (0.0,) * len(FEATURES)

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


class Point(NamedTuple):
    """A bucket."""

    start: int
    value: float | None
    n: int = 0


@dataclass(frozen=True, slots=True)
class Labelled:
    """A series, and what people said of it."""

    name: str
    series: SeriesId
    bucket_seconds: int
    points: Sequence[Point]
    incidents: Sequence[Incident]
    """What they want to hear of."""
    left_out: Callable[[int], bool] | None = None
    """Buckets that are neither: maintenance, and what was expected."""


@dataclass(frozen=True, slots=True)
class Material:
    """A series with FEATURES of each bucket; its examples are the most unusual buckets and some ordinary ones."""

    name: str
    bucket_seconds: int
    starts: Sequence[int]
    incidents: Sequence[Incident]
    rows: Numbers
    guarded: NDArray[np.bool_]
    """What a guard objects to, whatever a model says."""
    found: NDArray[np.bool_]
    """What is a finding without any model."""
    examples: Places
    labels: NDArray[np.bool_]
    """Of the examples: whether they are in an incident."""
    weights: Numbers
    counted_from: int

    def scored(self, scores: Sequence[float]) -> ScoredSeries:
        """For the evaluation."""
        return ScoredSeries(self.name, self.bucket_seconds, self.starts, scores, self.incidents)

    def part(self, first: int, last: int, name: str) -> "Material":
        """Some of its buckets, with features that know what was before them."""
        inside = (self.examples >= first) & (self.examples < last)
        start, end = self.starts[first], self.starts[last - 1]
        return Material(
            name,
            self.bucket_seconds,
            self.starts[first:last],
            [each for each in self.incidents if each.end >= start and each.start <= end],
            self.rows[first:last],
            self.guarded[first:last],
            self.found[first:last],
            self.examples[inside] - first,
            self.labels[inside],
            self.weights[inside],
            int(WARM_UP * (last - first)),
        )


def material(labelled: Labelled) -> Material:
    """What the monitor, without a model, makes of a series, one bucket after the other."""
    series, watching = Series(labelled.series, labelled.bucket_seconds), _Watching()
    rows, guarded, found = [], [], []
    for point in labelled.points:
        watching.seen = _NOTHING
        verdict = series.evaluate(
            Metric(labelled.series, point.start, labelled.bucket_seconds, point.value, point.n), watching
        )
        finding = verdict.finding if verdict else None
        guarded.append(finding is not None and finding.detector.startswith("guard"))
        found.append(finding is not None)
        rows.append(watching.seen)
    return _with_examples(labelled, np.array(rows), np.array(guarded), np.array(found))


def column(name: str) -> int:
    """Of a feature."""
    return FEATURES.index(name)


class _Watching(Model):
    """Finds nothing, and remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: Sequence[float] = _NOTHING
        self.threshold, self.quiet_below, self.labels = inf, None, 0

    def score(self, features: Sequence[float]) -> float:
        self.seen = features
        return 0.0


def _with_examples(labelled: Labelled, rows: Numbers, guarded: Any, found: Any) -> Material:
    starts = np.array([point.start for point in labelled.points])
    inside = np.zeros(len(starts), bool)
    for incident in labelled.incidents:
        inside |= (starts >= incident.start) & (starts <= incident.end)
    first = int(WARM_UP * len(starts))
    free = np.zeros(len(starts), bool)
    free[first:] = True
    if labelled.left_out is not None:
        free &= ~np.array([labelled.left_out(int(start)) for start in starts])
    unusual = _unusual(starts, rows, free, labelled.bucket_seconds)
    chance = random.Random(labelled.name)
    others = np.flatnonzero(free & ~inside)
    ordinary = sorted(chance.sample(list(map(int, others)), min(_ORDINARY, len(others))))
    examples = np.array([*unusual, *ordinary], dtype=np.int64)
    weights = np.array([1.0] * len(unusual) + [0.2] * len(ordinary))
    return Material(
        labelled.name,
        labelled.bucket_seconds,
        starts.tolist(),
        labelled.incidents,
        rows,
        guarded,
        found,
        examples,
        inside[examples],
        weights,
        first,
    )


def _unusual(starts: Places, rows: Numbers, free: NDArray[np.bool_], bucket_seconds: int) -> list[int]:
    """One of each episode: an incident has many ordinary buckets, which are no examples of one."""
    span = max(EPISODE_SECONDS, 2 * bucket_seconds)
    chosen: set[int] = set()
    for name in _UNUSUAL:
        scores = np.where(free, rows[:, column(name)], -inf)
        for _ in range(_CANDIDATES):
            place = int(np.argmax(scores)) if len(scores) else 0
            if not len(scores) or scores[place] == -inf:
                break
            chosen.add(place)
            scores[np.abs(starts - starts[place]) <= span] = -inf
    return sorted(chosen)
