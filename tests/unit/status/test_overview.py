"""The overview: what is seen of other jobs, and what of that is in the picture."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from event_processor.status.health import Verdict
from event_processor.status.job_figures import JobFigures
from event_processor.status.neighbours import Neighbour, Rates, Seen, Told, ask
from event_processor.status.overview import overview, render_overview
from event_processor.telemetry import run_telemetry, submission_telemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.publish_telemetry import PUBLISHED
from event_processor.testing import ManualClock

RUN = JobFigures("run", taken=10, passed=70, rejected=2, waiting="5 queued", ages={"to the stream": (0.1, 0.5)})
DELIVER = JobFigures("deliver", taken=70, passed=69, rejected=1, waiting="0 ms behind", loaded=69)
FAST, SLOW = Rates(100, 700, 20, 0, 0), Rates(1, 2, 0.5, 0, 3)


class Scene:
    """A job that tells what it is asked, or fails to."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry, self._metrics = registry, Metrics(registry, run_telemetry.CATALOGUE)
        self.clock, self.ready = ManualClock(), Verdict(True)
        self.error: Exception | None = None
        self.text: str | None = None
        self.neighbour = Neighbour("run", "http://there", self._ask, self.clock)

    def _ask(self) -> Told:
        if self.error:
            raise self.error
        return Told(self.text or generate_latest(self._registry).decode(), self.ready)

    def look(self, seconds: float = 5, taken: int = 0, passed: int = 0) -> Seen:
        """After so many seconds in which it did so much."""
        self.clock.advance(seconds)
        self._metrics.counter(submission_telemetry.RECEIVED).inc(taken)
        self._metrics.counter(PUBLISHED).labels("new_process").inc(passed)
        self.neighbour.look()
        return self.neighbour.seen()


@pytest.fixture
def scene() -> Scene:
    """Nothing asked yet."""
    return Scene()


def test_rates_are_between_two_looks(scene: Scene) -> None:
    """The first look has no rates; the second says what went on since the first."""
    first = scene.look(taken=100, passed=300)
    second = scene.look(seconds=5, taken=10, passed=30)

    assert first.figures
    assert (first.figures.passed, first.rates, first.troubles) == (300, None, [])
    assert second.rates == Rates(2, 6, 0, 0, 0)


def test_a_job_that_does_not_answer_is_marked(scene: Scene) -> None:
    """Its figures stay as they were last seen, its rates do not; it is fine as soon as it answers again."""
    scene.look(taken=3)
    scene.error = TimeoutError("timed out")
    away = scene.look()
    scene.error = None

    assert away.figures
    assert (away.figures.taken, away.rates, away.troubles) == (3, None, ["no answer: timed out"])
    assert scene.look().troubles == []


def test_one_that_hangs_is_marked(scene: Scene) -> None:
    """While an answer takes for ever, what was seen before gets old, and is said to."""
    scene.look()
    scene.clock.advance(14)
    assert scene.neighbour.seen().troubles == []
    scene.clock.advance(2)
    assert scene.neighbour.seen().troubles == ["no answer for 16 s"]


def test_a_restart_is_no_rate(scene: Scene) -> None:
    """A job that counts again has no rate, rather than a negative one."""
    scene.look(taken=100)
    scene.text = generate_latest(Scene()._registry).decode()

    assert scene.look().rates is None


def test_what_is_not_ready_and_what_is_a_stranger(scene: Scene) -> None:
    """Reasons and warnings are passed on; what answers without our metrics is said to be none of these jobs."""
    scene.ready = Verdict(False, ["publishing fails"], ["queue fails"])
    seen = scene.look()
    scene.text, scene.ready = "<html>", Verdict(True)

    assert (seen.troubles, seen.warnings) == (["publishing fails"], ["queue fails"])
    assert scene.look().troubles == ["it is not one of these jobs"]


def test_the_picture_has_what_goes_along_each_arrow() -> None:
    """Into a job what it takes and what waits, out of it what it passes on, down what it rejects."""
    found = overview([Seen("", "/", RUN, FAST, []), Seen("lake", "http://b", DELIVER, SLOW, [])])
    words = [(arrow.above, arrow.below) for arrow in found.arrows]

    assert words == [
        ("100/s", "5 queued"), ("700/s", "70 events"), ("2 rejects, 20/s", ""),
        ("1/s", "0 ms behind"), ("3/s", "69 rows"), ("1 rejects, 0.5/s", ""),
    ]  # fmt: skip
    assert [box.title for box in found.boxes] == ["run", "SQS", "deliver", "lake", "streams"]
    assert [name for name, _, _ in found.rows] == ["run (this one)", "lake"]


def test_replicas_are_one_box() -> None:
    """Two processors are one box with the sum of both, and marked if one of them has an alert."""
    ill = Seen("run-2", "http://c", RUN, None, ["no answer: refused"])
    found = overview([Seen("run-1", "http://b", RUN, FAST, []), ill])

    assert (found.boxes[0].title, found.boxes[0].state) == ("run (2)", "bad")
    assert {arrow.state for arrow in found.arrows} == {"bad"}
    assert [(arrow.above, arrow.below) for arrow in found.arrows] == [
        ("100/s", ""), ("700/s", "140 events"), ("4 rejects, 20/s", "")
    ]  # fmt: skip
    assert found.troubles == [("run-2", "no answer: refused")]


def test_a_warning_is_marked_and_no_alert() -> None:
    """A job that is ready with warnings is marked as such, in the picture and in words."""
    found = overview([Seen("run", "http://b", RUN, FAST, [], ["asking for the queue fails"])])

    assert [(box.state, box.note) for box in found.boxes if box.state] == [("warning", "ready, with warnings")]
    assert (found.troubles, found.warnings) == ([], [("run", "asking for the queue fails")])


def test_one_that_never_answered_stands_where_its_name_says() -> None:
    """A job that was never reached is in the picture by its name, and in the table in any case."""
    found = overview([Seen("deliver", "http://b", None, None, ["no answer"]), Seen("x", "http://c", None, None, ["?"])])

    assert [(box.title, box.state) for box in found.boxes if box.state] == [("deliver", "bad")]
    assert [cells for _, _, cells in found.rows] == [["alert", "-", "-", "-", "-", "-"]] * 2


def test_numbers_that_must_be_0_are_alerts() -> None:
    """A job that is ready, and has counted what must not be, is marked."""
    scene = Scene()
    scene._metrics.counter(submission_telemetry.VIOLATIONS).inc()

    assert scene.look().troubles == ["1 order violations"]


def test_markup_is_shown_as_text() -> None:
    """What another process says is text, never markup."""
    seen = Seen("<b>", "http://c", replace(RUN, waiting="<i>"), None, ["<script>"])
    page = render_overview([seen], "<u>", "1")

    assert not [tag for tag in ("<b>", "<i>", "<script>", "<u>") if tag in page]
    assert "&lt;script&gt;" in page


@pytest.fixture
def server() -> Iterator[str]:
    """The pages of a job that is not ready, below a path; and a page that is not of this host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ready = {"ok": False, "reasons": ["starting"], "warnings": []}
            found = {"/job/metrics": "metrics", "/job/readyz": json.dumps(ready)}.get(self.path, "")
            self.send_response(503 if self.path == "/job/readyz" else 200)
            self.end_headers()
            self.wfile.write(found.encode())

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}/job/"
        serving.shutdown()
        thread.join()


def test_a_job_is_asked_over_http(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says with 503 counts as well, and no proxy of the environment is asked."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    assert ask(server) == Told("metrics", Verdict(False, ["starting"], []))
    with pytest.raises(OSError, match="refused"):
        ask("http://127.0.0.1:9")
