"""The status page as text: all it shows is escaped, it fetches nothing, and it holds neither payload nor secret."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from event_processor.publishing.stream import Refused
from event_processor.settings.loading import load, sources
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.status.health import Verdict
from event_processor.status.history import History
from event_processor.status.page import Page, Process, render
from event_processor.status.submissions_health import CHARTED
from event_processor.status.submissions_page import Status, submissions_page
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.testing import ManualClock
from tests.unit.samples import delivery, process, records, rejects, submission
from tests.unit.telemetry.test_telemetry import tell_everything

MIB = 1024 * 1024
HOSTILE = "</td><script src=//evil></script>\"'&"
WELL = Verdict(True)


class Scene:
    """A process of which a page can be made."""

    def __init__(self) -> None:
        self.metrics = Metrics(CollectorRegistry(), CATALOGUE)
        self.clock = ManualClock()
        self.telemetry = RunTelemetry(self.metrics, self.clock)
        self.history = History(CHARTED, self.metrics, self.clock)

    def page(
        self, live: Verdict = WELL, ready: Verdict = WELL, replica: str = "replica-1", setting: str = "value"
    ) -> str:
        """The page of now."""
        settings = [
            ("NAME", setting, "environment"),
            ("OTHER", "", "default"),
            *sources(load(SubmissionsSettings)),
        ]
        return render(Process("1.2.3", replica, live, ready, settings), self.shown(self.telemetry.rejects.latest))

    def shown(self, latest: Sequence[dict[str, Any]]) -> Page:
        """What the page shows of the job."""
        return submissions_page(Status(self.metrics, self.history.samples(), 2000, 64 * MIB, latest))

    def run(self, events_per_second: int, samples: int = 3) -> None:
        """Some seconds of steady work."""
        event = records(submission(events={"new_process": [process()]}))
        for _ in range(samples):
            self.history.record()
            self.clock.advance(5)
            self.telemetry.publishing.published(event * events_per_second * 5)


@pytest.fixture
def scene() -> Scene:
    """A process that just started."""
    return Scene()


def figure(page: str, name: str) -> str:
    """The value above a name."""
    [value] = re.findall(rf"<b>([^<]*)</b><span>{name}</span>", page)
    assert isinstance(value, str)
    return value


def test_healthy(scene: Scene) -> None:
    """A healthy process says so, who it is and which version it is."""
    page = scene.page()

    assert "Healthy: live and ready." in page
    assert "replica-1, version 1.2.3" in page
    assert 'class="bad"' not in page


def test_why_not_healthy(scene: Scene) -> None:
    """A process that is not healthy says which of the two it is not, and each reason."""
    page = scene.page(Verdict(False, ["unfinished for 900 s"]), Verdict(False, ["put fails: 503", "stopping"]))

    assert re.findall('<p class="bad">(.*?)</p>', page) == [
        "Not live: unfinished for 900 s",
        "Not ready: put fails: 503",
        "Not ready: stopping",
    ]
    assert "Healthy" not in page


def test_an_order_violation_stands_out(scene: Scene) -> None:
    """What must be 0 is marked when it is not."""
    scene.telemetry.submissions.order_violated(delivery("x"))

    assert '<div class="bad"><b>1</b><span>order violations</span>' in scene.page()


def test_figures(scene: Scene) -> None:
    """What is in flight stands beside its limit; numbers are grouped, sizes in MiB, ages in seconds."""
    scene.telemetry.submissions.in_flight(1234, 3 * MIB // 2)
    scene.telemetry.submissions.queue_depth(56789, 1, 2)
    scene.telemetry.publishing.refused([Refused("InternalFailure")] * 4321)
    before = scene.page()
    scene.history.record()
    scene.clock.advance(0.2)
    scene.telemetry.submissions.completed(delivery("x"), 0.1)
    page = scene.page()

    assert (figure(page, "lanes in flight"), figure(page, "MiB in flight")) == ("1,234", "1.5")
    assert "of 2,000" in page
    assert figure(page, "waiting on the queue") == "56,789"
    assert figure(page, "records refused") == "4,321"
    assert figure(before, "age p99") == "-"
    assert float(figure(page, "age p99").removesuffix(" s")) > 0


def test_charts(scene: Scene) -> None:
    """A chart starts at 0, tells its largest value and how far back it goes, and draws rates, not totals."""
    scene.run(events_per_second=200)
    scene.run(events_per_second=0, samples=1)
    scene.run(events_per_second=100)

    page = scene.page()
    [chart] = re.findall(r"(?s)<figure>(?:(?!</figure>).)*events published(?:(?!</figure>).)*</figure>", page)
    heights = [float(point.split(",")[1]) for point in re.findall('polyline points="(.*?)"', chart)[0].split()]
    assert "<b>100</b>" in chart
    assert "<span>200</span>" in chart
    assert "<span>0</span>" in chart
    assert "35 s ago" in chart
    assert heights == [2, 2, 2, 60, 31, 31, 31]


def test_a_process_that_just_started(scene: Scene) -> None:
    """Before there is anything to show the page is there, and says that there is nothing."""
    page = scene.page()

    assert page.count("<p>none</p>") == 2
    assert figure(page, "events published") == "0"


def test_rejects(scene: Scene) -> None:
    """Rejects are counted by reason, the most frequent first; the latest few show what was wrong and both ids."""
    scene.telemetry.rejects.rejected(rejects(submission(events={"new_process": [{}, process(user=""), {}]})))
    page = scene.page()

    assert re.findall(r"<td>(missing_field|empty)</td><td>(\d+)</td>", page) == [("missing_field", "2"), ("empty", "1")]
    assert "<b>empty</b> <code>/events/new_process/1/user</code>" in page
    assert "<span>submission 8be01974-0f15-4d4f-809f-257a6de4d3f9</span> <span>message message-1</span>" in page


def test_everything_is_escaped(scene: Scene) -> None:
    """Whatever a sensor, a setting, a host or an error may be called, it is text and never markup."""
    reject = dict.fromkeys(("received_at", "reason", "pointer", "submission_id", "message_id"), HOSTILE)
    process = Process(HOSTILE, HOSTILE, Verdict(False, [HOSTILE]), WELL, [(HOSTILE, HOSTILE, HOSTILE)])
    page = render(process, scene.shown([reject]))

    assert HOSTILE not in page
    assert "<script" not in page
    assert page.count("&lt;script src=//evil&gt;") == 11
    assert page.count("<td>") == 3


def test_what_nobody_sees_is_not_there(scene: Scene) -> None:
    """Control characters, what turns the direction of writing, and half a character become a mark that all can see."""
    hidden = "\x00\x1b[2J\x9b\u202e\u2066\u200b\ufeff\ud800\r\n\x7f"
    reject = dict.fromkeys(("received_at", "reason", "pointer", "submission_id", "message_id"), f"a{hidden}é<b>")
    process = Process("1", hidden, Verdict(False, [hidden], [hidden]), WELL, [(hidden, hidden, hidden)])
    page = render(process, scene.shown([reject]))

    assert [character for character in hidden if not character.isprintable() and character in page] == ["\n"]
    assert "<b>a��[2J" in page
    assert "é&lt;b&gt;</b>" in page
    assert page.encode().decode() == page


def test_warnings(scene: Scene) -> None:
    """A process that is ready with a warning says both."""
    page = scene.page(ready=Verdict(True, [], ["stream fails: read_stream: ThrottlingException: Rate <exceeded>"]))

    assert "Live and ready, with warnings." in page
    assert (
        '<p class="warning">Warning: stream fails: read_stream: ThrottlingException: Rate &lt;exceeded&gt;</p>' in page
    )
    assert "Healthy" not in page
    assert 'class="bad"' not in page


def test_nothing_is_fetched(scene: Scene) -> None:
    """The page is all there is: no script, no picture, no font, no style from anywhere; no network is needed."""
    scene.run(events_per_second=10)
    page = scene.page()

    assert not re.search(r"<script|<iframe|<img|@import|url\(|\bon\w+=", page)
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["data:,"]


def test_no_payload_and_no_secret(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what sensors sent nor a credential nor a password in a URL is on the page."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "CANARY")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:CANARY@127.0.0.1:4566")
    tell_everything(scene.telemetry.observer, "CANARY payload")

    page = scene.page()

    assert "<td>AWS_SECRET_ACCESS_KEY</td><td>***</td>" in page
    assert "***@127.0.0.1:4566" in page
    assert "CANARY" not in page


def test_settings(scene: Scene) -> None:
    """Settings show their value and whether somebody set them."""
    page = scene.page()

    assert "<td>NAME</td><td>value</td><td>set</td>" in page
    assert "<td>OTHER</td><td>-</td><td></td>" in page
