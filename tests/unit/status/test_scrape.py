"""The metrics read back, as Prometheus would."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from event_processor.errors import CallFailed
from event_processor.status.scrape import Scrape
from event_processor.status.server import app, serve
from event_processor.status.submissions_health import submissions_health
from event_processor.telemetry.call_telemetry import FAILED
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.publish_telemetry import REFUSED
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.telemetry.submission_telemetry import AGE, LANES
from event_processor.testing import ManualClock


class Scene:
    """Metrics, and readings of them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, CATALOGUE)

    def scrape(self) -> Scrape:
        """A reading."""
        return Scrape(generate_latest(self.registry).decode())

    def observe(self, *seconds: float) -> None:
        """Ages of submissions."""
        for each in seconds:
            self.metrics.histogram(AGE).observe(each)


@pytest.fixture
def scene() -> Scene:
    """Nothing counted yet."""
    return Scene()


def test_totals_and_labels(scene: Scene) -> None:
    """A total is over all labels; by label only what is not 0."""
    for reason, rejects in (("empty", 2), ("not_json", 3), ("not_utf8", 0)):
        scene.metrics.counter(REJECTS).labels(reason).inc(rejects)
    scene.metrics.gauge(LANES).set(9)
    scrape = scene.scrape()

    assert (scrape.total(REJECTS), scrape.total(LANES), scrape.total(REFUSED)) == (5, 9, 0)
    assert scrape.by_label(REJECTS) == {"empty": 2, "not_json": 3}


def test_quantiles(scene: Scene) -> None:
    """A quantile is interpolated within its bucket, as Prometheus does it."""
    scene.observe(*[0.2] * 50, *[2.0] * 50)
    scrape = scene.scrape()

    assert scrape.quantile(AGE, 0.5) == pytest.approx(0.25)
    assert scrape.quantile(AGE, 0.25) == pytest.approx(0.175)
    assert scrape.quantile(AGE, 0.75) == pytest.approx(1.75)
    assert scrape.quantile(AGE, 1.0) == pytest.approx(2.5)


def test_quantiles_of_nothing(scene: Scene) -> None:
    """Without observations there is no quantile, and no division by zero."""
    assert scene.scrape().quantile(AGE, 0.99) is None


def test_beyond_the_last_bucket(scene: Scene) -> None:
    """What is older than the last bucket counts as that, as in Prometheus."""
    scene.observe(10_000.0)

    assert scene.scrape().quantile(AGE, 0.99) == 3600


def test_over_http() -> None:
    """A process on this machine can be read by its port."""
    registry = CollectorRegistry()
    telemetry = RunTelemetry(Metrics(registry, CATALOGUE), ManualClock())
    telemetry.steps.failing("put", CallFailed("put", "Throttling", "slow down"))
    port = serve("127.0.0.1", 0, app(registry, submissions_health(telemetry, 600), {}))

    assert Scrape.of(port).total(FAILED) == 1
