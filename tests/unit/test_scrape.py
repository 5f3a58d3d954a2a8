"""The metrics read back, as Prometheus would."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from event_processor.errors import CallFailed
from event_processor.status.health import Health
from event_processor.status.scrape import Scrape
from event_processor.status.server import app, serve
from event_processor.telemetry import metrics as m
from event_processor.telemetry.telemetry import Telemetry
from event_processor.testing import ManualClock


class Scene:
    """Metrics, and readings of them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = m.Metrics(self.registry)

    def scrape(self) -> Scrape:
        """A reading."""
        return Scrape(generate_latest(self.registry).decode())

    def observe(self, *seconds: float) -> None:
        """Ages of submissions."""
        for each in seconds:
            self.metrics.histogram(m.AGE).observe(each)


@pytest.fixture
def scene() -> Scene:
    """Nothing counted yet."""
    return Scene()


def test_totals_and_labels(scene: Scene) -> None:
    """A total is over all labels; by label only what is not 0."""
    for reason, rejects in (("empty", 2), ("not_json", 3), ("not_utf8", 0)):
        scene.metrics.counter(m.REJECTS).labels(reason).inc(rejects)
    scene.metrics.gauge(m.LANES).set(9)
    scrape = scene.scrape()

    assert (scrape.total(m.REJECTS), scrape.total(m.LANES), scrape.total(m.REFUSED)) == (5, 9, 0)
    assert scrape.by_label(m.REJECTS) == {"empty": 2, "not_json": 3}


def test_quantiles(scene: Scene) -> None:
    """A quantile is interpolated within its bucket, as Prometheus does it."""
    scene.observe(*[0.2] * 50, *[2.0] * 50)
    scrape = scene.scrape()

    assert scrape.quantile(m.AGE, 0.5) == pytest.approx(0.25)
    assert scrape.quantile(m.AGE, 0.25) == pytest.approx(0.175)
    assert scrape.quantile(m.AGE, 0.75) == pytest.approx(1.75)
    assert scrape.quantile(m.AGE, 1.0) == pytest.approx(2.5)


def test_quantiles_of_nothing(scene: Scene) -> None:
    """Without observations there is no quantile, and no division by zero."""
    assert scene.scrape().quantile(m.AGE, 0.99) is None


def test_beyond_the_last_bucket(scene: Scene) -> None:
    """What is older than the last bucket counts as that, as in Prometheus."""
    scene.observe(10_000.0)

    assert scene.scrape().quantile(m.AGE, 0.99) == 3600


def test_over_http() -> None:
    """A process on this machine can be read by its port."""
    registry = CollectorRegistry()
    telemetry = Telemetry(m.Metrics(registry), ManualClock())
    telemetry.failing("put", CallFailed("put", "Throttling", "slow down"))
    port = serve("127.0.0.1", 0, app(registry, Health(telemetry, 600), lambda: ""))

    assert Scrape.of(port).total(m.FAILED) == 1
