"""What the gate does when Prometheus answers otherwise than it should: one line, and never a verdict."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner

from event_processor.commands.main import main
from event_processor.errors import NoEvidence
from event_processor.gate.prometheus import Prometheus
from event_processor.gate.reading import NEEDED, START, WITH_FIRST_CALL
from tests.bent import BENT, HTML, Request, bending, plain
from tests.bent import Reply as Answer


def asked(url: str) -> str:
    """Why nothing is known."""
    with pytest.raises(NoEvidence) as raised:
        Prometheus(url).sides('track="stable"', 'track="canary"', 15)
    return str(raised.value)


def gate(url: str, canary: str = 'track="canary"') -> tuple[int, str]:
    """Exit code and what the command complains of."""
    arguments = ("--prometheus", url, "--stable", 'track="stable"', "--canary", canary)
    done = CliRunner().invoke(main, ["gate", *arguments])
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.exit_code, done.stderr


def always(body: bytes, status: str = "200 OK") -> Callable[[Request], Answer]:
    """The same answer to everything."""
    return lambda _request: Answer(plain(body, status), closes=True)


def test_nobody_there_is_not_a_verdict() -> None:
    """A Prometheus that cannot be reached rolls nothing back: exit 3, and one line that names it."""
    code, line = gate("http://user:hush@127.0.0.1:1")

    assert code == 3
    assert "127.0.0.1:1" in line
    assert "hush" not in line


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        HTML,
        b'{"status":"success","data":null}',
        b'{"status":"success","data":{"resultType":"vector","result":[{}]}}',
        b'{"status":"success","data":{"resultType":"scalar","result":["x","y"]}}',
        b"[" * 200_000,
    ],
)
def test_another_server_is_not_a_verdict(body: bytes) -> None:
    """What does not answer as Prometheus does says nothing of a canary: exit 3."""
    with bending(always(body)) as server:
        assert asked(server.endpoint).startswith(f"{server.endpoint} does not answer as Prometheus does")


@pytest.mark.parametrize("how", ["no HTTP", "307", "error with a page", "length too small"])
def test_a_broken_answer_is_not_a_verdict(how: str) -> None:
    """Nor is what is not HTTP, or is cut."""
    with bending(lambda _: Answer(BENT[how](b'{"status":"success"}'), closes=True)) as server:
        assert asked(server.endpoint)


@pytest.mark.parametrize(("status", "code"), [("400 Bad Request", 2), ("422 Unprocessable", 3), ("503 Busy", 3)])
def test_what_prometheus_says_is_passed_on(status: str, code: int) -> None:
    """A selector that it cannot parse is wrong usage; a query that took too long is not."""
    said = json.dumps({"status": "error", "error": "something\nis wrong"}).encode()
    with bending(always(said, status)) as server:
        found, text = gate(server.endpoint)

    assert found == code
    assert "something" in text


@pytest.mark.parametrize("selector", ["", "{}", "canary", "{canary}"])
def test_a_selector_without_a_label_would_take_everything(selector: str) -> None:
    """So it is refused before anything is asked."""
    code, line = gate("http://127.0.0.1:1", canary=selector)

    assert code == 2
    assert "selector" in line


def test_only_a_web_server_is_asked() -> None:
    """No file is read as if it were Prometheus."""
    code, line = gate("file:///etc/passwd")

    assert code == 2
    assert "--prometheus" in line


NOW = 1_000_000.0


def prometheus_that_knows(seconds: float, value: str = "0") -> Callable[[Request], Answer]:
    """All metrics of two replicas that run for ages, by a Prometheus that has scraped them for so long."""

    def answer(request: Request) -> Answer:
        form = {name: found[0] for name, found in parse_qs(request.body.decode()).items()}
        side = "canary" if "canary" in form["query"] else "stable"
        result: Any = []
        if form["query"] == "time()":
            result = [NOW, str(NOW)]
        elif form["query"].startswith("min_over_time"):
            result = [{"metric": {"__name__": START, "instance": side}, "value": [NOW, "5"]}]
        elif form["query"].endswith("s]"):
            times = [NOW - seconds, NOW]
            result = [
                {"metric": metric_of(name, side), "values": [[at, value_of(name)] for at in times]} for name in NEEDED
            ]
        elif NOW - float(form["time"]) <= seconds:
            result = [{"metric": metric_of(name, side), "value": [0, value_of(name)]} for name in NEEDED]
        return Answer(plain(json.dumps({"status": "success", "data": {"result": result}}).encode()), closes=True)

    def metric_of(name: str, side: str) -> dict[str, str]:
        return {"__name__": name, "instance": side, **({"le": "1"} if name.endswith("_bucket") else {})}

    def value_of(name: str) -> str:
        return "5" if name == START else value

    return answer


@pytest.mark.parametrize(("known_seconds", "seconds"), [(120.0, 120.0), (899.0, 899.0), (1000.0, 900.0)])
def test_only_what_prometheus_has_seen_counts(known_seconds: float, seconds: float) -> None:
    """A canary that runs for days was not watched for 15 minutes by a Prometheus that has data of two."""
    with bending(prometheus_that_knows(known_seconds)) as server:
        _, canary, window = Prometheus(server.endpoint).sides('track="stable"', 'track="canary"', 15)

    assert canary.replicas == 1
    assert window.seconds == seconds


@pytest.mark.parametrize("value", ["NaN", "+Inf"])
def test_what_is_no_number_is_not_there(value: str) -> None:
    """It is no sample, neither in the window nor before it, so there is nothing to judge by."""
    with bending(prometheus_that_knows(1000, value)) as server:
        _, canary, _ = Prometheus(server.endpoint).sides('track="stable"', 'track="canary"', 15)

    assert set(canary.missing) == {name for name in NEEDED if name not in {START, *WITH_FIRST_CALL}}
