"""The page of a finding, asked over a real socket: what it shows, and who may label there."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from prometheus_client import CollectorRegistry

from event_processor.errors import CallFailed
from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.known import label_incident
from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.labels import LabelSet, LabelState
from event_processor.status.finding_page import Desk, FindingPages
from event_processor.status.monitor_health import monitor_health
from event_processor.status.server import app, serve
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.monitor_telemetry import CATALOGUE, MonitorTelemetry
from event_processor.telemetry.threads import Threads
from tests.monitors import WRONG, Scene, by_rule, metric

__all__ = ["by_rule"]
pytestmark = pytest.mark.usefixtures("by_rule")
KEY = "a secret of some length"


class Site:
    """A monitor that has found something, and its pages."""

    def __init__(self, key: str | None = KEY) -> None:
        self.scene = Scene()
        self.scene.minute(0, metric(0, WRONG, name="<b>rows"))
        self.scene.settle()
        [tracked] = self.scene.monitor.evaluator.tracked.values()
        [self.incident] = tracked.incidents.all
        registry = CollectorRegistry()
        telemetry = MonitorTelemetry(Metrics(registry, CATALOGUE), self.scene.clock)
        desk = Desk(lambda: self.scene.monitor.evaluator.tracked, self._labels, self._label, key)
        health = monitor_health(telemetry, Threads(self.scene.clock))
        self._port = serve("127.0.0.1", 0, app(registry, health, {}, FindingPages(desk).respond))

    def _labels(self) -> LabelSet:
        return LabelStore(self.scene.files).latest()

    def _label(self, incident: Incident, state: LabelState, author: str, note: str) -> None:
        label_incident(self.scene.files, incident, state, author, note, 0)

    @contextmanager
    def ask(self, method: str, body: str = "", path: str = "") -> Iterator[tuple[http.client.HTTPResponse, str]]:
        """The answer for the page of the finding."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request(method, path or f"/findings/{self.incident.id}", body or None)
        answer = connection.getresponse()
        yield answer, answer.read().decode()
        connection.close()

    def post(self, **fields: str) -> int:
        """Fill in the form."""
        with self.ask("POST", urlencode(fields)) as (answer, _):
            return answer.status

    @property
    def states(self) -> list[str]:
        """Of all labels there are."""
        return [label.state.value for label in LabelStore(self.scene.files).latest().labels]


def test_what_a_finding_shows() -> None:
    """The page has sentences, facts and the form; what a sender chose is text, and nothing is from elsewhere."""
    with Site().ask("GET") as (answer, page):
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    assert all(text in page for text in ("1000 at", "10, from 5 to 15", "slack at 2026-01-02", 'type="password"'))
    assert "<b>rows" not in page
    assert "<script" not in page
    assert "http://" not in page


def test_who_has_the_key_labels() -> None:
    """A label counts, and people are told that it is over."""
    site = Site()
    assert site.post(key=KEY, state="expected", note="a sale", author="ada") == 303
    [label] = LabelStore(site.scene.files).latest().labels
    assert (label.state, label.note, label.author, label.end - label.start) == ("expected", "a sale", "ada", 60)

    site.scene.giving.look()
    site.scene.settle()
    assert [state for state, _ in site.scene.told] == ["new", "recovered"]
    with site.ask("GET", path=f"/findings/{site.incident.id}?labelled") as (_, page):
        assert all(text in page for text in ("Labelled.", "a sale", "expected"))


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"state": "expected"}, 403),
        ({"state": "expected", "key": "wrong"}, 403),
        ({"state": "expected", "key": f"{KEY} "}, 403),
        ({"state": "fine", "key": KEY}, 400),
        ({"key": KEY}, 400),
    ],
)
def test_who_labels_nothing(fields: dict[str, str], status: int) -> None:
    """Without the key, or with a state that is none, nothing is labelled."""
    site = Site()
    assert (site.post(**fields), site.states) == (status, [])


def test_without_a_key_nobody_labels_here() -> None:
    """Without MONITOR_KEY the page shows the command instead of a form, and takes none, with an empty key neither."""
    site = Site(key=None)
    with site.ask("GET") as (_, page):
        assert f"monitor label {site.incident.id}" in page
        assert "<form" not in page
    assert (site.post(state="expected", key=""), site.states) == (403, [])


def test_what_is_no_form() -> None:
    """A body without end, other methods and unknown findings are refused, and the next request is answered."""
    site = Site()
    with site.ask("POST", "x" * 20_000) as (answer, _):
        assert answer.status == 413
    with site.ask("PUT") as (answer, _):
        assert answer.status == 405
    with site.ask("GET", path="/findings/<b>") as (answer, page):
        assert (answer.status, "no such finding" in page) == (404, True)
    with site.ask("POST", "\x00%%%=&&&key") as (answer, _):
        assert answer.status == 403
    assert site.post(key=KEY, state="anomaly") == 303


def test_a_state_that_is_down_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who labels while the state cannot be written is told so, and may try again."""

    def fail(*_: object) -> None:
        raise CallFailed("put_object", "Down", "for a test")

    site = Site()
    monkeypatch.setattr(site.scene.files, "put_new", fail)
    assert site.post(key=KEY, state="anomaly") == 503
    monkeypatch.undo()
    assert site.post(key=KEY, state="anomaly") == 303
