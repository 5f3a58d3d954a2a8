"""Ordinary days: series as a pipeline has them, in which nothing is wrong, and nothing is found."""

import math
import random
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.finding import Finding
from event_processor.monitoring.series import Series

DAY = 86_400
SINCE = 1795392000  # a Monday
RATES = (0.05, 0.3, 1.0, 3.0, 8.0, 20.0, 60.0, 200.0, 800.0, 5_000.0)
"""Records in a bucket: most of the hard cases are below ten."""
NAMES = ("records", "null_ratio", "rejects", "lag_seconds", "bytes")


class Ordinary(NamedTuple):
    """A series, and how many records its buckets have on average."""

    name: str
    rate: float
    seconds: int
    days: float
    seed: int

    def metrics(self) -> Iterator[Metric]:
        """By chance: with a shape of the day, weekends, a level that wanders, and noise beyond Poisson's."""
        chance = random.Random(self.seed)
        depth, phase, weekend = chance.uniform(0.2, 1.3), chance.uniform(0, 24), chance.uniform(0.4, 1.0)
        share, wander, noise = chance.choice((0.001, 0.02, 0.3)), chance.uniform(0.01, 0.1), chance.uniform(0.01, 0.1)
        level = 0.0
        for start in range(SINCE, SINCE + int(self.days * DAY), self.seconds):
            level = 0.98 * level + chance.gauss(0, wander * 0.2)
            shape = depth * math.sin((start % DAY / 3_600 - phase) / 24 * 2 * math.pi)
            busy = self.rate * math.exp(shape + level + chance.gauss(0, noise))
            n = poisson(chance, busy * (weekend if start // DAY % 7 in {2, 3} else 1))  # 1970 began on a Thursday
            yield Metric(SeriesId("quiet", self.name), start, self.seconds, self.value(chance, n, share), n)

    def value(self, chance: random.Random, n: int, share: float) -> float | None:
        """Of a bucket of so many records."""
        some = min(poisson(chance, n * share), n)
        if self.name == "records":
            return float(n)
        if self.name == "rejects":
            return float(some)
        if self.name == "null_ratio":
            return some / n if n else None
        if self.name == "bytes":
            sizes = sum(chance.lognormvariate(5.5, 0.6) for _ in range(min(n, 300)))
            return float(round(sizes * max(1.0, n / 300)))
        seen = min(n, 60)
        return sum(chance.lognormvariate(0, 0.8) for _ in range(seen)) / seen if seen else None


def poisson(chance: random.Random, mean: float) -> int:
    """About, for large means."""
    if mean > 40:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    count, product, limit = -1, 1.0, math.exp(-mean)
    while product > limit:
        product *= chance.random()
        count += 1
    return max(0, count)


def found_in(ordinary: Ordinary) -> list[Finding]:
    """All findings of it."""
    series = Series(SeriesId("quiet", ordinary.name), ordinary.seconds)
    evaluations = (series.evaluate(metric) for metric in ordinary.metrics())
    return [each.finding for each in evaluations if each and each.finding]


def episodes(findings: list[Finding]) -> set[int]:
    """What people would be told: one of each six hours."""
    return {each.bucket_start // (6 * 3_600) for each in findings}


@pytest.mark.parametrize("name", NAMES)
def test_a_quiet_morning_is_silent(name: str) -> None:
    """Ten series of minutes, from one record in twenty minutes to thousands a minute."""
    for seed, rate in enumerate(RATES):
        assert found_in(Ordinary(name, rate, 60, 0.2, seed)) == []


@pytest.mark.prove
@pytest.mark.parametrize(("seconds", "days", "counted_from"), [(60, 2, 0), (300, 14, 7), (3_600, 56, 7)])
def test_quiet_weeks_are_as_good_as_silent(seconds: int, days: int, counted_from: int) -> None:
    """Of 25 series, not one episode in twenty weeks of a series; but a series' first weekend is news."""
    false = [
        (name, rate, episode)
        for seed, (name, rate) in enumerate((name, rate) for name in NAMES for rate in RATES[1::2])
        for episode in episodes(found_in(Ordinary(name, rate, seconds, days, seed)))
        if episode * 6 * 3_600 >= SINCE + counted_from * DAY
    ]
    weeks = (days - counted_from) / 7 * len(NAMES) * len(RATES[1::2])

    assert len(false) <= weeks / 20, false
