"""The last minutes of a few metrics, kept in the process, so that the status page shows rates without Prometheus."""

import contextlib
import threading
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Final

from event_processor.clock import Clock
from event_processor.telemetry.metrics import CounterSpec, HistogramSpec, Metrics, quantile
from event_processor.telemetry.threads import Threads

SAMPLE_SECONDS: Final = 5.0
SAMPLES: Final = 121  # ten minutes


@dataclass(frozen=True, slots=True)
class Charted:
    """The metrics of a job whose last minutes its page shows: rates of the counters, and the age of what is done."""

    counters: tuple[CounterSpec, ...]
    ages: HistogramSpec


@dataclass(frozen=True, slots=True)
class Sample:
    """What the page draws, at a moment of the monotonic clock. As packed numbers: a hundred of them are kept."""

    at: float
    totals: "array[float]"  # of the charted counters
    ages: "array[float]"  # how many were at most as old as each bound


class History:
    """Readings of the metrics, the oldest first."""

    def __init__(self, charted: Charted, metrics: Metrics, clock: Clock) -> None:
        self.charted = charted
        self._metrics, self._clock = metrics, clock
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)

    def read(self) -> Sample:
        """What there is now."""
        totals = array("d", map(self._metrics.total, self.charted.counters))
        return Sample(self._clock.monotonic(), totals, array("d", self._metrics.buckets(self.charted.ages)))

    def record(self) -> None:
        """Keep a reading of now."""
        self._samples.append(self.read())

    def start(self, threads: Threads) -> None:
        """Record now and then, for as long as the process lives."""
        threads.start("history", self._run)

    def samples(self) -> list[Sample]:
        """What was recorded, and now."""
        return [*self._samples, self.read()]

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with contextlib.suppress(Exception):  # a gap in the page's curves, where a collector failed
                self.record()
            pause.wait(SAMPLE_SECONDS)


def rates(samples: Sequence[Sample], charted: Charted, spec: CounterSpec) -> list[float]:
    """Of one of those charted: per second, between each reading and the next."""
    number = charted.counters.index(spec)
    return [
        (after.totals[number] - before.totals[number]) / (after.at - before.at)
        for before, after in pairwise(samples)
        if after.at - before.at > SAMPLE_SECONDS / 10
    ]


def age(samples: Sequence[Sample], charted: Charted, share: float) -> float | None:
    """The age in seconds which that share of what was done between first and last had at most."""
    bounds = (*charted.ages.buckets, inf)
    first, last = samples[0].ages, samples[-1].ages
    return quantile(share, bounds, [after - before for before, after in zip(first, last, strict=True)])
