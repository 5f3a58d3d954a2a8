"""Log lines: one fact, one line, in the form and from the level that were asked for."""

import json
import logging
import warnings
from datetime import UTC, datetime
from socket import gethostname
from typing import Any

import pytest
import structlog

from event_processor.telemetry import logs

LEVELS = ("debug", "info", "warning", "error", "critical")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged as JSON since the last look; fails on a line that is none."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def from_level(level: str) -> list[str]:
    """The names of this level and those above."""
    return [name for name in LEVELS if logging.getLevelNamesMapping()[name.upper()] >= logging.getLevelName(level)]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is one JSON object on standard error, with level, event, replica, UTC time and what belongs to it."""
    logs.configure("INFO", "json")

    structlog.get_logger().warning("concern", text="line\nbreak č")

    captured = capsys.readouterr()
    [line] = captured.err.splitlines()
    found = json.loads(line)
    moment = found.pop("timestamp")
    assert found == {"level": "warning", "event": "concern", "text": "line\nbreak č", "replica": gethostname()}
    assert moment.endswith("Z")
    assert datetime.fromisoformat(moment).tzinfo == UTC
    assert captured.out == ""


def test_console(capsys: pytest.CaptureFixture[str]) -> None:
    """For people each line is plain text, without colours where nobody would see them, those of libraries too."""
    logs.configure("INFO", "console")

    structlog.get_logger().info("published", events=3)
    logging.getLogger("urllib3").warning("pool is %s", "full")

    ours, theirs = capsys.readouterr().err.splitlines()
    assert "published" in ours
    assert "events=3" in ours
    assert "pool is full" in theirs
    assert ours.index("[info") == theirs.index("[warning")
    assert "\x1b" not in ours + theirs


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_level(capsys: pytest.CaptureFixture[str], level: str) -> None:
    """Nothing below the level is logged, and everything from it on."""
    logs.configure(level, "json")
    log = structlog.get_logger()

    for name in LEVELS:
        getattr(log, name)("fact")

    assert [line["level"] for line in lines(capsys)] == from_level(level)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_level_of_libraries(capsys: pytest.CaptureFixture[str], level: str) -> None:
    """Libraries are heard from WARNING on, however much of our own is asked for, and never below our own level."""
    logs.configure(level, "json")
    log = logging.getLogger("botocore.endpoint")

    for name in LEVELS:
        getattr(log, name)("fact")

    assert [line["level"] for line in lines(capsys)] == from_level(max(level, "WARNING", key=logging.getLevelName))


def test_libraries_speak_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    """What a library logs is a line like our own, with the library's name; a traceback does not break it up."""
    logs.configure("INFO", "json")

    try:
        raise TimeoutError("no answer\nafter 5 s")
    except TimeoutError:
        logging.getLogger("urllib3.connectionpool").exception("Retrying %d of %s", 1, "5")

    [line] = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert "no answer\nafter 5 s" in line.pop("exception")
    assert line == {
        "level": "error",
        "event": "Retrying 1 of 5",
        "logger": "urllib3.connectionpool",
        "replica": gethostname(),
    }


def test_python_warnings_speak_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning, such as boto3's about an old Python, is a line of JSON and not text in the middle of it."""
    logs.configure("INFO", "json")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)  # pytest's own capture of warnings is in the way of what `configure` did
        warnings.warn("will no longer support this Python", DeprecationWarning, stacklevel=1)

    [line] = lines(capsys)
    assert line["logger"] == "py.warnings"
    assert "will no longer support this Python" in line["event"]


def test_configured_again(capsys: pytest.CaptureFixture[str]) -> None:
    """The last configuration is the one that counts: no line comes twice."""
    logs.configure("INFO", "console")
    logs.configure("ERROR", "json")

    logging.getLogger("urllib3").error("once")

    assert [line["event"] for line in lines(capsys)] == ["once"]


HUGE: list[dict[str, Any]] = [
    {"detail": "x" * 104_000},
    {"detail": "č☕" * 50_000},
    {"faults": [{"reason": "empty", "pointer": "/p" * 500, "detail": "d" * 300}] * 100},
    {"faults": {f"key {number}": "v" * 100 for number in range(5_000)}},
    {"k" * 20_000: "v"},
    {f"key {number}": "v" * 50 for number in range(1_000)},
    {"detail": b"\xff" * 50_000},
    {"number": 10**4_000, "deep": [[["x" * 9_000] * 9] * 9] * 9},
    {"detail": "\x1b" * 8_000},
]


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("fields", HUGE, ids=range(len(HUGE)))
def test_no_line_is_too_long(capsys: pytest.CaptureFixture[str], form: logs.LogFormat, fields: dict[str, Any]) -> None:
    """Whatever is logged, its line has at most 8 KB, is whole JSON if that was asked for, and still says what it is."""
    logs.configure("INFO", form)

    structlog.get_logger().warning("rejected", **fields)

    [line] = capsys.readouterr().err.splitlines()
    assert len(line.encode()) < 8 * 1024
    assert "rejected" in line
    assert form == "console" or json.loads(line)["level"] == "warning"


def test_what_is_cut_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads a cut line sees how much there was, and the fields beside it are whole."""
    logs.configure("INFO", "json")

    structlog.get_logger().error("failing", step="put", detail="x" * 104_000, faults=list(range(900)))

    [line] = lines(capsys)
    assert line["detail"].endswith("... (104,000 characters)")
    assert line["step"] == "put"
    assert len(line["faults"]) < 900


def test_lines_of_libraries_are_bounded_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A library that logs a whole page, or fails with one, gets one short line as well."""
    logs.configure("INFO", "json")

    try:
        raise ValueError("e" * 50_000)
    except ValueError:
        logging.getLogger("botocore").exception("%s", "x" * 104_000)

    [line] = capsys.readouterr().err.splitlines()
    assert len(line) < 8 * 1024
    assert json.loads(line)["logger"] == "botocore"


def test_nothing_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """On a console, text from outside shows its control characters as escapes, wherever in a line it stands."""
    logs.configure("INFO", "console")

    structlog.get_logger().error("no\x1b[2J", detail="\u202e\nfake line", faults=[{"pointer": "\x9b31m"}])
    logging.getLogger("urllib3").error("\x1b]0;owned\x07")

    captured = capsys.readouterr().err
    assert len(captured.splitlines()) == 2
    assert captured.replace("\n", "").isprintable()
    assert "\\x1b[2J" in captured
