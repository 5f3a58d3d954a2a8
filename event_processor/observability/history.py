"""The last minutes of the metrics, kept in the process, so that the status page can show rates without Prometheus."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest

from event_processor.observability.metrics import CounterSpec
from event_processor.observability.scrape import Scrape
from event_processor.ports import Clock

SAMPLE_SECONDS: Final = 5.0
SAMPLES: Final = 121  # ten minutes


@dataclass(frozen=True, slots=True)
class Sample:
    """The metrics at a moment of the monotonic clock."""

    at: float
    scrape: Scrape


class History:
    """Readings of the registry, the oldest first."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._registry, self._clock = registry, clock
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)

    def read(self) -> Sample:
        """The metrics now."""
        return Sample(self._clock.monotonic(), Scrape(generate_latest(self._registry).decode()))

    def record(self) -> None:
        """Keep a reading of now."""
        self._samples.append(self.read())

    def start(self) -> None:
        """Record now and then, for as long as the process lives."""
        threading.Thread(target=self._run, name="history", daemon=True).start()

    def samples(self) -> list[Sample]:
        """What was recorded, and now."""
        return [*self._samples, self.read()]

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self.record()
            pause.wait(SAMPLE_SECONDS)


def rates(samples: Sequence[Sample], spec: CounterSpec) -> list[float]:
    """Per second, between each reading and the next."""
    return [
        (after.scrape.total(spec) - before.scrape.total(spec)) / (after.at - before.at)
        for before, after in pairwise(samples)
        if after.at - before.at > SAMPLE_SECONDS / 10
    ]
