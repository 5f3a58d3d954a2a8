"""Micro mode as those see it who test their own code with it: its JSON, and its page in Debian's Chromium."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from event_processor.bootstrap.micro import make_micro
from event_processor.errors import SettingsError
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.loading import load
from tests.eventually import eventually
from tests.system.micro import JSON, Micro, prepare, settings_of
from tools.browser import EXECUTABLE, Chromium

STREAMS = """\
streams:
  user-events: {contract: user-events, id: request_id, partition_key: cookie_id, rejects: count}
  segment: {contract: "{type}/{event|name}", id: messageId}
"""
USER_EVENTS = {
    "x-subject": "user-events",
    "required": ["request_id"],
    "properties": {
        "request_id": {"type": "string"},
        "n": {"type": "integer"},
        "email": {"type": "string", "x-pii": True},
    },
}
PAGE = {"x-subject": "page/Home", "required": ["messageId"]}
HOSTILE = "<b id=evil>x</b>\u202e"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Micro]:
    """One process for all, since each takes a second to start."""
    folder = tmp_path_factory.mktemp("micro")
    prepare(folder, STREAMS, USER_EVENTS, PAGE)
    with Micro(folder) as process:
        yield process


@pytest.fixture
def micro(shared: Micro) -> Micro:
    """That has seen nothing yet."""
    shared.reset()
    return shared


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Without it these tests are skipped on a laptop, and fail where nobody would see that."""
    if EXECUTABLE is None:
        if os.environ.get("REQUIRE_CHROMIUM"):
            pytest.fail("chromium is not installed; on Debian: apt-get install chromium")
        pytest.skip("needs Debian's chromium")
    with Chromium() as running:
        yield running


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Chromium]:
    """Whose console says nothing."""
    chromium.complaints.clear()
    chromium.requested.clear()
    yield chromium
    assert chromium.complaints == []


def test_a_test_asks_what_was_sent(micro: Micro) -> None:
    """Good and bad are there as soon as their clients are answered, the newest first, with bytes, faults and counts."""
    body = b'{"Data": {"request_id": "a",  "cookie_id": "c"}}'
    _, stored, _ = micro.ask("PUT", "/streams/user-events/record", body, JSON)
    assert micro.send({"n": "x"}) == 422
    assert micro.send({"type": "page", "name": "Home", "messageId": "m"}, "segment") == 200

    assert micro.get("/micro/all") == {"total": 3, "good": 2, "bad": 1, "forgotten": 0}
    page, event = micro.get("/micro/good")
    assert (page["stream"], page["subject"], page["version"]) == ("segment", "page/Home", "1-0-0")
    assert (event["sequence_number"], event["shard_id"]) == (stored["SequenceNumber"], stored["ShardId"])
    assert (event["partition_key"], event["data"]) == ("c", {"request_id": "a", "cookie_id": "c"})
    assert '"data":{"request_id": "a",  "cookie_id": "c"}' in micro.text("/micro/good")
    [bad] = micro.get("/micro/bad")
    assert (bad["stage"], bad["original"]) == ("contract", '{"n": "x"}')
    assert {(fault["pointer"], fault["reason"]) for fault in bad["faults"]} == {
        ("", "missing_field"),
        ("/n", "wrong_type"),
    }
    [found] = micro.get("/micro/good?subject=user-events&stream=user-events&limit=1")
    assert found == event
    assert micro.get("/micro/all?subject=page/Home") == {"total": 1, "good": 1, "bad": 0, "forgotten": 0}
    assert micro.get(f"/micro/good?after={event['number']}") == [page]


def test_clients_of_segment_need_no_keys(micro: Micro) -> None:
    """Their write key is the name of a stream; what is faulty is told here, since they are told nothing."""
    events = [{"type": "page", "name": "Home", "messageId": "m"}, {"type": "page", "name": "Home"}]
    body = json.dumps({"batch": events, "writeKey": "segment"}).encode()

    assert micro.ask("POST", "/v1/batch", body, JSON)[0] == 200
    assert [each["data"] for each in micro.get("/micro/good")] == events[:1]
    assert [each["stream"] for each in micro.get("/micro/bad")] == ["segment"]
    assert micro.ask("POST", "/v1/batch", body.replace(b'"segment"', b'"none"'), JSON)[0] == 401
    assert micro.get("/micro/bad?limit=1")[0]["path"] == "/v1/batch"


def test_sequence_numbers_rise(micro: Micro) -> None:
    """Records of one key go to one shard, each with a higher number than the one before."""
    records = [{"data": {"request_id": str(n)}, "partition-key": "k"} for n in range(20)]
    _, answer, _ = micro.ask("POST", "/streams/user-events/records", json.dumps({"records": records}).encode(), JSON)
    numbers = [int(each["SequenceNumber"]) for each in answer["Records"]]

    assert numbers == sorted(set(numbers))
    assert len({each["ShardId"] for each in answer["Records"]}) == 1
    assert [each["data"]["request_id"] for each in micro.get("/micro/good")] == [str(n) for n in reversed(range(20))]


@pytest.mark.parametrize(
    ("path", "headers", "status", "reason"),
    [
        ("/streams/user-events/record", {}, 415, "unsupported_media_type"),
        ("/streams/user-events/record", JSON, 400, "bad_request"),
        ("/streams/user-event/record", JSON, 404, "not_found"),
    ],
)
def test_what_is_no_record_is_bad_too(
    micro: Micro, path: str, headers: dict[str, str], status: int, reason: str
) -> None:
    """A misspelt path or a missing header is what goes wrong first, and is seen where everything else is."""
    assert micro.ask("POST", path, b"{", headers)[0] == status
    [bad] = micro.get("/micro/bad")

    assert (bad["status"], bad["reason"], bad["path"], bad["stage"]) == (status, reason, path, "request")


def test_a_changed_contract_counts_at_once(tmp_path: Path) -> None:
    """The very next record is judged by what an editor has just saved; while that is broken, by what was not."""
    prepare(tmp_path, STREAMS, USER_EVENTS)
    file = tmp_path / "contracts/user-events/1-0-0.json"
    with Micro(tmp_path) as micro:
        for _ in range(3):
            for kind, status in (("string", 422), ("integer", 200)):
                document = json.loads(file.read_text())
                document["properties"]["n"]["type"] = kind
                file.write_text(json.dumps(document))
                assert micro.send({"request_id": "a", "n": 1}) == status
        file.write_text(file.read_text()[:-1])

        assert micro.send({"request_id": "a", "n": 1}) == 200
        assert "user-events" in micro.get("/micro/feed")["trouble"]
        prepare(tmp_path, STREAMS, PAGE)  # another subject
        file.write_text(file.read_text() + "}")
        assert micro.send({"type": "page", "name": "Home", "messageId": "m"}, "segment") == 200
        assert micro.get("/micro/feed")["trouble"] is None


def refusal(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> list[str]:
    """The lines that say why it cannot start."""
    for name, value in (settings_of(folder) | settings).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        make_micro(load(GatewaySettings), print)
    return str(refused.value).splitlines()


def test_it_says_what_to_make_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder it names all that is missing, and how to make it."""
    streams, contracts = refusal(tmp_path, monkeypatch)

    assert "streams.yaml" in streams
    assert "`event-processor contracts publish FILE`" in contracts


def test_no_aws_and_no_other_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of contracts and an address beyond loopback are refused, each in a line."""
    prepare(tmp_path, STREAMS, USER_EVENTS)
    host, contracts = refusal(tmp_path, monkeypatch, CONTRACTS="dynamodb:contracts", GATEWAY_HOST="0.0.0.0")

    assert host.startswith("GATEWAY_HOST: was 0.0.0.0; allowed")
    assert contracts == "CONTRACTS: was dynamodb:contracts; allowed with --micro: dir:PATH"


def test_a_busy_port_is_one_line(micro: Micro, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started twice, the second says why it cannot."""
    prepare(tmp_path, STREAMS, USER_EVENTS)
    [line] = refusal(tmp_path, monkeypatch, GATEWAY_PORT=str(micro.port))

    assert line.startswith(f"GATEWAY_PORT: was {micro.port}")


def test_a_stop_is_clean(tmp_path: Path) -> None:
    """On SIGTERM it ends at once with 0, also while a page keeps a connection open."""
    prepare(tmp_path, STREAMS, USER_EVENTS)
    with Micro(tmp_path) as micro, socket.create_connection(("127.0.0.1", micro.port), timeout=60) as open_one:
        open_one.sendall(b"GET /micro/all HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert open_one.recv(100).startswith(b"HTTP/1.1 200")
        micro.signal(signal.SIGTERM)

        assert micro.exit_code() == 0
        assert micro.errors == ""


def test_pages_of_other_sites_see_nothing(micro: Micro) -> None:
    """A page under development may send from any origin; no other site reads or forgets what is here."""
    origin = {"Origin": "http://shop.localhost:3000", "Access-Control-Request-Method": "POST"}
    asked = {**origin, "Access-Control-Request-Headers": "content-type"}
    status, _, headers = micro.ask("OPTIONS", "/streams/user-events/record", headers=asked)
    assert (status, headers["access-control-allow-origin"]) == (200, "*")

    assert "access-control-allow-origin" not in micro.ask("GET", "/micro/good", headers=origin)[2]
    assert micro.ask("POST", "/micro/reset", headers={"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert micro.ask("GET", "/micro/good", headers={"Host": "rebound.example"})[0] == 421
    assert micro.ask("GET", "/micro/reset")[0] == 405
    assert micro.ask("GET", "/micro/good?suject=x")[0] == 400


def fill(micro: Micro) -> None:
    """Something of every kind."""
    micro.send({"request_id": "sound", "email": "ann@example.com"})
    micro.send({"n": HOSTILE, "email": "ann@example.com"})
    micro.send({"type": "page", "name": HOSTILE, "messageId": "m" * 500}, "segment")
    micro.ask("POST", "/streams/user-events/record", b"{", JSON)


def until_listed(browser: Chromium, events: int) -> None:
    """Wait until the page has so many, shown or not."""
    eventually(lambda: browser.evaluate("document.querySelectorAll('article').length") == events)


def test_the_page_is_live(micro: Micro, browser: Chromium) -> None:
    """What is sent appears by itself, the newest first, with faults; nothing personal, and no markup of a sender."""
    browser.open(micro.url, 1000)
    assert "Nothing yet" in browser.evaluate("document.body.innerText")
    fill(micro)
    until_listed(browser, 4)
    kinds = browser.evaluate("[...document.querySelectorAll('article')].map(each => each.className)")
    text = browser.evaluate("document.body.textContent")

    assert kinds == ["bad", "bad", "bad", "good"]
    assert browser.evaluate("['total', 'good', 'bad'].map(id => document.getElementById(id).textContent)") == [
        *("4", "1", "3"),
    ]
    for words in ("format", "wrong_type", "/n", "the body is not JSON", "sound"):
        assert words in text
    assert "ann@example.com" not in text
    assert "\u202e" not in text
    assert browser.evaluate("document.querySelector('#evil')") is None
    assert {urlsplit(url).netloc for url in browser.requested} == {f"127.0.0.1:{micro.port}"}


def test_the_page_filters_and_forgets(micro: Micro, browser: Chromium) -> None:
    """By kind, stream and words, also what comes later; what is forgotten is gone, here and for tests."""
    fill(micro)
    browser.open(micro.url, 1000)
    until_listed(browser, 4)
    shown = "[...document.querySelectorAll('article')].filter(each => each.offsetHeight).length"
    for name, value, left in (("kind", "bad", 3), ("stream", "user-events", 2), ("text", "wrong_type", 1)):
        event = "input" if name == "text" else "change"
        box = f"document.getElementById('{name}')"
        browser.evaluate(f"({box}.value = '{value}', {box}.dispatchEvent(new Event('{event}')))")
        assert browser.evaluate(shown) == left
    fill(micro)
    until_listed(browser, 8)
    assert browser.evaluate(shown) == 2

    browser.evaluate("document.getElementById('reset').click()")
    until_listed(browser, 0)
    assert micro.get("/micro/all")["total"] == 0
    fill(micro)
    until_listed(browser, 4)


CONTRAST = """
(() => {
  const light = color => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map(each => each / 255);
    const [r, g, b] = parts.map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(document.body).backgroundColor), found = [];
  for (const each of document.querySelectorAll("body *")) {
    const hasText = [...each.childNodes].some(node => node.nodeType == 3 && node.data.trim());
    if (!hasText || each.tagName == "SCRIPT") continue;
    const ink = light(getComputedStyle(each).color);
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    if (ratio < 4.5) found.push([each.outerHTML.slice(0, 80), ratio]);
  }
  return found;
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_and_on_a_desk(micro: Micro, browser: Chromium, dark: bool) -> None:
    """Light or dark as the reader likes, nothing sticks out sideways, and all text is easy to read."""
    fill(micro)
    for width in (360, 1000):
        browser.open(micro.url, width, dark=dark, phone=width < 500)
        until_listed(browser, 4)
        browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")

        assert browser.evaluate("document.documentElement.scrollWidth") == width
        outside = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth)"
        assert browser.evaluate(f"{outside}.map(e => e.outerHTML.slice(0, 80))") == []
        assert browser.evaluate(CONTRAST) == []
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 23, 26)" if dark else "rgb(255, 255, 255)")
