"""What the gate does when Prometheus answers otherwise than it should: one line, and never a verdict."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from event_processor.commands.main import main
from event_processor.errors import NoEvidence
from event_processor.gate.prometheus import Prometheus
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
    ],
)
def test_another_server_is_not_a_verdict(body: bytes) -> None:
    """What does not answer as Prometheus does says nothing of a canary: exit 3."""
    with bending(always(body)) as server:
        assert asked(server.endpoint).startswith(f"{server.endpoint} does not answer as Prometheus does")


@pytest.mark.parametrize("how", ["no HTTP", "307", "error with a page", "length too small"])
def test_a_broken_answer_is_not_a_verdict(how: str) -> None:
    """Nor is what is no HTTP, or is cut."""
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
