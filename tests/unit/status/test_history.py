"""The last minutes, kept in the process."""

import tracemalloc

import pytest
from prometheus_client import CollectorRegistry

from event_processor.status.history import SAMPLE_SECONDS, SAMPLES, History, age, rates
from event_processor.status.submissions_health import CHARTED
from event_processor.telemetry.call_telemetry import CALLS, FAILED
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE
from event_processor.telemetry.submission_telemetry import AGE, RECEIVED
from event_processor.testing import ManualClock


class Scene:
    """A history of one counter."""

    def __init__(self) -> None:
        self.metrics = Metrics(CollectorRegistry(), CATALOGUE)
        self.counter = self.metrics.counter(RECEIVED)
        self.clock = ManualClock()
        self.history = History(CHARTED, self.metrics, self.clock)

    def record(self, received: int) -> None:
        """So many more, and the next reading."""
        self.counter.inc(received)
        self.history.record()
        self.clock.advance(SAMPLE_SECONDS)

    @property
    def rates(self) -> list[float]:
        """What a chart would show."""
        return rates(self.history.samples(), CHARTED, RECEIVED)


@pytest.fixture
def scene() -> Scene:
    """Nothing recorded yet."""
    return Scene()


def test_before_the_first_reading(scene: Scene) -> None:
    """There is a reading of now from the start, and no rate yet."""
    scene.counter.inc(7)

    [now] = scene.history.samples()
    assert now.totals[CHARTED.counters.index(RECEIVED)] == 7
    assert scene.rates == []


def test_rates(scene: Scene) -> None:
    """Rates are per second, between each reading and the next, the last one up to now."""
    for received in (1000, 50, 0):
        scene.record(received)
    scene.counter.inc(20)

    assert scene.rates == [10, 0, 4]


def test_a_reading_just_after_another(scene: Scene) -> None:
    """A page asked for in the moment of a reading shows no rate of a few milliseconds."""
    scene.record(50)
    scene.record(50)
    scene.history.record()
    scene.counter.inc(1)
    scene.clock.advance(0.001)

    assert scene.rates == [10, 0]


def test_old_readings_go(scene: Scene) -> None:
    """Ten minutes are kept and no more, however long the process lives."""
    for _ in range(SAMPLES + 50):
        scene.record(5)

    samples = scene.history.samples()
    assert len(samples) == SAMPLES + 1
    assert samples[-1].at - samples[0].at == 605
    assert set(scene.rates[:-1]) == {1}


def test_ages_of_late(scene: Scene) -> None:
    """The age of the last minutes is of what was done since then, whatever was before."""
    ages = scene.metrics.histogram(AGE)
    for _ in range(100):
        ages.observe(1000.0)
    scene.history.record()
    assert age(scene.history.samples(), CHARTED, 0.5) is None

    ages.observe(0.2)
    assert age(scene.history.samples(), CHARTED, 0.5) == pytest.approx(0.175)


def test_costs_next_to_nothing(scene: Scene) -> None:
    """A full history takes less than 100 KB, however many error codes and operations have come to be counted."""
    for number in range(200):
        scene.metrics.counter(FAILED).labels(f"step {number}", f"code {number}").inc()
        scene.metrics.histogram(CALLS).labels(f"operation {number % 20}").observe(1)
    scene.record(1)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(SAMPLES + 10):
            scene.record(5)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 100_000
