"""How good verdicts are, by events: what people would have been told, against what they would have wanted to hear.

Never by points: an incident of a thousand buckets is one thing to be told. We count as the Numenta Anomaly Benchmark
does (Lavin and Ahmad 2015, "Evaluating Real-Time Anomaly Detection Algorithms"): the first 15 % of a series is to learn
from, an incident that is found counts once however often it is told, and each alert outside of all incidents is false.
What is above the threshold within six hours of the first bucket of an alert is that alert, and no more than that: where
alerts merge for as long as they go on, one that never ends finds every incident and is at most one false alert, and
chance looks like skill. Telling more often never helps: inside of an incident it adds nothing, outside it costs. Pure.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import exp, inf, log
from statistics import median
from typing import Final, NamedTuple

EPISODE_SECONDS: Final = 6 * 3_600
WARM_UP: Final = 0.15
"""The share of a series, from its start, in which nothing is counted."""
_WEEK: Final = 7 * 86_400


class Incident(NamedTuple):
    """What people labelled: it lasts from the start of its first bucket to that of its last."""

    start: int
    end: int
    kind: str = ""


class ScoredSeries(NamedTuple):
    """The scores of a series, and what there was to find in it."""

    name: str
    bucket_seconds: int
    starts: Sequence[int]
    scores: Sequence[float]
    incidents: Sequence[Incident]
    places: Sequence[int] | None = None
    """Of all buckets that can be above any threshold to be tried; None: of all."""

    @property
    def counted_from(self) -> int:
        """The first bucket that counts."""
        return int(WARM_UP * len(self.starts))

    def high(self, threshold: float) -> Sequence[int]:
        """The places of the buckets above it that count."""
        scores = self.scores
        places = range(self.counted_from, len(self.starts)) if self.places is None else self.places
        return [place for place in places if scores[place] > threshold]


class Alert(NamedTuple):
    """What people are told once: the first and the last bucket of an episode."""

    start: int
    end: int


@dataclass(slots=True)
class Outcome:
    """The sum over series. An alert is true if an incident overlaps it."""

    incidents: int = 0
    found: int = 0
    alerts: int = 0
    false_alerts: int = 0
    weeks: float = 0.0
    delays: list[int] = field(default_factory=list)
    """Seconds from the start of each incident that was found to that of its first alert."""
    kinds: Counter[str] = field(default_factory=Counter)
    kinds_found: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """The share of what was told that was true: incidents found, of them and the false alerts."""
        told = self.found + self.false_alerts
        return self.found / told if told else 0.0

    @property
    def recall(self) -> float:
        """The share of incidents that were found."""
        return self.found / self.incidents if self.incidents else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def false_per_week(self) -> float:
        """False alerts of one series in a week."""
        return self.false_alerts / self.weeks if self.weeks else 0.0

    @property
    def delay(self) -> float | None:
        """The median of the delays, in seconds."""
        return median(self.delays) if self.delays else None

    @property
    def recall_by_kind(self) -> dict[str, float]:
        """The recall of each kind of incident."""
        return {kind: self.kinds_found[kind] / count for kind, count in sorted(self.kinds.items())}

    def add(self, series: ScoredSeries, threshold: float) -> None:
        """A series, with alerts where its score is above the threshold."""
        if not series.starts:
            return
        first = series.starts[series.counted_from]
        alerts = alerts_of(series, threshold)
        incidents = [each for each in series.incidents if each.end >= first]
        self.weeks += (series.starts[-1] + series.bucket_seconds - first) / _WEEK
        self.alerts += len(alerts)
        self.false_alerts += sum(
            not any(start <= until and end >= since for since, until, _ in incidents) for start, end in alerts
        )
        for incident in incidents:
            self.incidents += 1
            self.kinds[incident.kind] += 1
            told = next((start for start, end in alerts if start <= incident.end and end >= incident.start), None)
            if told is not None:
                self.found += 1
                self.kinds_found[incident.kind] += 1
                self.delays.append(max(0, told - incident.start))


def alerts_of(series: ScoredSeries, threshold: float) -> list[Alert]:
    """The episodes of buckets above the threshold. What is within six hours of the first of an episode belongs to it:
    an episode that lasts longer is told again, so that one which never ends does not pass for a single right alert."""
    span = max(EPISODE_SECONDS, 2 * series.bucket_seconds)
    found: list[Alert] = []
    for place in series.high(threshold):
        start = series.starts[place]
        if found and start - found[-1].start <= span:
            found[-1] = Alert(found[-1].start, start)
        else:
            found.append(Alert(start, start))
    return found


def outcome(series: Iterable[ScoredSeries], threshold: float) -> Outcome:
    """Of all of them, by one threshold."""
    total = Outcome()
    for each in series:
        total.add(each, threshold)
    return total


def best_threshold(series: Sequence[ScoredSeries]) -> float:
    """That with the best F1, amidst those that are as good. To be used on other series: on these it flatters.

    A score of infinity is above any."""
    scores = sorted(each for some in series for each in some.scores[some.counted_from :] if each < inf)
    if not scores:
        return 0.0
    shares = [1e-5 * exp(log(20_000) * step / 39) for step in range(40)]  # from one bucket in 100,000 to one in 5
    places = sorted({round((len(scores) - 1) * (1 - share)) for share in shares}, reverse=True)
    few = [each._replace(places=each.high(scores[places[-1]])) for each in series]
    found = [outcome(few, scores[place]).f1 for place in places]
    best = max(found)
    first = last = found.index(best)
    while last + 1 < len(found) and found[last + 1] == best:
        last += 1
    lowest, worse = places[last], places[min(last + 1, len(places) - 1)]
    while lowest - worse > 1:
        middle = (lowest + worse) // 2
        if outcome(few, scores[middle]).f1 == best:
            lowest = middle
        else:
            worse = middle
    return (scores[places[first]] + scores[lowest]) / 2


def folds(names: Iterable[str], count: int = 5, seed: int = 0) -> list[list[str]]:
    """The names, dealt out. The same for the same names and seed."""
    dealt = sorted(names)
    random.Random(seed).shuffle(dealt)
    return [dealt[number::count] for number in range(min(count, len(dealt)))]
