"""The status page of a real process at work, as a reader sees it: Debian's Chromium, headless."""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.eventually import eventually
from tests.system.delivering import Deliverer, LakeWorld
from tests.system.processes import Emulator, Fleet, Processor
from tests.system.test_monitor import Place
from tests.unit import samples
from tests.unit.channels.servers import serving
from tools.browser import EXECUTABLE, Chromium

HOSTILE = "<b id=evil>x</b>"


@pytest.fixture(scope="module", autouse=True)
def _chromium_is_there() -> None:
    """Without Chromium these tests are skipped on a laptop, and fail where nobody would see that."""
    if EXECUTABLE is not None:
        return
    if os.environ.get("REQUIRE_CHROMIUM"):
        pytest.fail("chromium is not installed; on Debian: apt-get install chromium")
    pytest.skip("needs Debian's chromium")


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[Processor]:
    """A processor that has published events, met refusals, and rejected something with a hostile name in it."""
    with Emulator(tmp_path, "--refuse", "0.1", "--seed", "2") as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint) as processor:
            Fleet(tmp_path, aws.endpoint).send(100, "--invalid-share", "0.2")
            aws.send(samples.body(events={HOSTILE: []}))
            processor.wait_for("submissions_deleted_total", 101)
            yield processor


@pytest.fixture
def browser() -> Iterator[Chromium]:
    """With a profile of its own."""
    with Chromium() as running:
        yield running


def test_on_a_phone_and_on_a_desk(at_work: Processor, browser: Chromium) -> None:
    """At the width of a phone and of a desk nothing sticks out sideways, and the numbers are those of the metrics."""
    for width in (360, 390, 1000):
        browser.open(at_work.url("/"), width, phone=width < 500)
        assert browser.evaluate("innerWidth") == width
        assert browser.evaluate("document.documentElement.scrollWidth") == width
        outside = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth)"
        assert browser.evaluate(f"{outside}.map(e => e.outerHTML.slice(0, 80))") == []
    text = browser.evaluate("document.body.innerText")

    assert "Healthy: live and ready." in text
    assert f"{at_work.metric('events_published_total'):,.0f}\nevents published" in text
    assert browser.evaluate("document.querySelectorAll('svg polyline').length") == 3


@pytest.mark.prove
def test_delivery_on_a_phone_and_on_a_desk(tmp_path: Path, browser: Chromium) -> None:
    """Nothing of the page of delivery sticks out sideways either, and its numbers are those of the metrics."""
    with Emulator(tmp_path) as aws:
        world = LakeWorld(tmp_path, aws)
        with Deliverer(tmp_path, aws.endpoint, **world.settings) as delivery:
            aws.kinesis.put_record(StreamName="tracking", Data=b"{}", PartitionKey=HOSTILE)
            delivery.wait_for("records_total", 1)
            for width in (360, 1000):
                browser.open(delivery.url("/"), width, phone=width < 500)
                assert browser.evaluate("document.documentElement.scrollWidth") == width
            text = browser.evaluate("document.body.innerText")

    assert "Healthy: live and ready." in text
    assert "1\nrejected" in text


@pytest.mark.prove
def test_monitor_day_and_night(tmp_path: Path, browser: Chromium) -> None:
    """The monitor's page, the one of a finding and the one with a search: pictures, in the width of a phone and a desk,
    light and dark; hostile names are text, and nothing is asked of anybody else.
    """
    with Emulator(tmp_path) as aws, serving() as slack:
        place = Place(tmp_path, aws, slack)
        with place.monitor() as monitor:
            for minute in range(60):
                place.put(minute, 9000 if minute == 59 else 1000 + minute % 7, HOSTILE)
            monitor.wait_for("metrics_total", 60)
            eventually(lambda: monitor.metric("findings_total") == 1, "the finding")
            browser.open(monitor.url("/"), 1000)
            links = browser.evaluate("[...document.querySelectorAll('a')].map(a => a.href)")
            for url in (monitor.url("/"), *(link for link in links if "leaderboard" not in link)):
                for width, dark in ((360, True), (1000, False)):
                    browser.open(url, width, dark=dark, phone=width < 500)
                    assert browser.evaluate("document.documentElement.scrollWidth") == width
                    assert browser.evaluate("document.querySelectorAll('svg.series polyline').length") == 1
                    assert browser.evaluate("document.querySelectorAll('svg.series .mark').length") == 1
                    assert browser.evaluate("document.querySelector('#evil')") is None
                    browser.screenshot(tmp_path / "page.png")
                    assert first_pixel(tmp_path / "page.png") == ((20, 23, 26) if dark else (255, 255, 255))

    assert {urlsplit(link).path.split("/")[1] for link in links} == {"findings", "series", "leaderboard"}
    assert {urlsplit(url).hostname for url in browser.requested} == {"127.0.0.1"}
    assert browser.complaints == []


def test_light_and_dark(at_work: Processor, browser: Chromium, tmp_path: Path) -> None:
    """The page follows the reader: dark text on white, or light text on almost black."""
    found = {}
    for dark in (False, True):
        browser.open(at_work.url("/"), 390, dark=dark, phone=True)
        browser.screenshot(tmp_path / "page.png")
        found[dark] = first_pixel(tmp_path / "page.png")

    assert found == {False: (255, 255, 255), True: (20, 23, 26)}


def test_markup_stays_text(at_work: Processor, browser: Chromium) -> None:
    """A sensor that puts markup into a name gets it shown at most, never into the page."""
    browser.open(at_work.url("/"), 1000)

    assert browser.evaluate("document.querySelector('#evil')") is None
    assert "unknown_event_type" in browser.evaluate("document.body.innerText")


def test_no_request_leaves_the_host(at_work: Processor, browser: Chromium) -> None:
    """All that is ever asked for is the page itself, also when it renews itself."""
    browser.open(at_work.url("/"), 1000)
    browser.await_request()  # the page renews itself

    assert {urlsplit(url).hostname for url in browser.requested} == {"127.0.0.1"}
    assert {urlsplit(url).path for url in browser.requested} == {"/"}


@pytest.mark.prove
def test_overview(tmp_path: Path, browser: Chromium) -> None:
    """One picture of all jobs, links to their pages, one that is gone marked; on a phone and a desk, day and night."""
    with Emulator(tmp_path, "--refuse", "0.1") as aws:
        aws.provision()
        world = LakeWorld(tmp_path, aws)
        with Processor(tmp_path, aws.endpoint) as processor:
            jobs = f"run={processor.url('/')},gateway=http://127.0.0.1:9"
            with Deliverer(tmp_path, aws.endpoint, **world.settings, JOBS=jobs) as delivery:
                Fleet(tmp_path, aws.endpoint).send(50)
                aws.kinesis.put_record(StreamName="tracking", Data=b"{}", PartitionKey="key")
                processor.wait_for("submissions_deleted_total", 50)
                delivery.wait_for("records_total", 1)
                events = f"{processor.metric('events_published_total'):,.0f} events"
                browser.open(delivery.url("/"), 1000)
                links = browser.evaluate("[...document.querySelectorAll('nav a')].map(a => a.href)")
                eventually(lambda: events in seen(browser, delivery.url("/overview"), 1000), "the overview to have it")
                for width, dark in ((360, True), (1000, False)):
                    text = seen(browser, delivery.url("/overview"), width, dark=dark)
                    assert browser.evaluate("document.documentElement.scrollWidth") == width
                    browser.screenshot(tmp_path / "page.png")
                    assert first_pixel(tmp_path / "page.png") == ((20, 23, 26) if dark else (255, 255, 255))
                marked = browser.evaluate("[...document.querySelectorAll('rect.bad ~ text.title')].length")

    assert links == [delivery.url("/overview"), processor.url("/"), "http://127.0.0.1:9/"]
    assert marked
    assert "gateway: no answer: [Errno 111] Connection refused" in text
    assert "deliver (this one)" in text
    assert "1 rejects" in text
    assert browser.complaints == []


def seen(browser: Chromium, url: str, width: int, *, dark: bool = False) -> str:
    """The text of a page, and that of its picture."""
    browser.open(url, width, dark=dark, phone=width < 500)
    return str(
        browser.evaluate("document.body.innerText + [...document.querySelectorAll('text')].map(e => e.textContent)")
    )


def first_pixel(file: Path) -> tuple[int, ...]:
    """Red, green and blue of the upper left corner: in a PNG of Chromium's its row has no neighbours to differ from."""
    content = file.read_bytes()
    start = content.index(b"IDAT") + 4
    row = zlib.decompressobj().decompress(content[start : start + 4096], 4)
    return tuple(row[1:4])
