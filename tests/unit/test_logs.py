"""Log lines: one fact, one line, in the form and from the level that were asked for."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from event_processor.observability import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Logging is configured for a whole process; the next test starts anew."""
    yield
    structlog.reset_defaults()


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is one JSON object on standard error, with level, event, UTC time and whatever belongs to it."""
    logs.configure("INFO", "json")

    structlog.get_logger().warning("concern", text="line\nbreak č")

    captured = capsys.readouterr()
    [line] = captured.err.splitlines()
    found = json.loads(line)
    moment = found.pop("timestamp")
    assert found == {"level": "warning", "event": "concern", "text": "line\nbreak č"}
    assert moment.endswith("Z")
    assert datetime.fromisoformat(moment).tzinfo == UTC
    assert captured.out == ""


def test_console(capsys: pytest.CaptureFixture[str]) -> None:
    """For people each line is plain text, without colours where nobody would see them."""
    logs.configure("INFO", "console")

    structlog.get_logger().info("published", events=3)

    line = capsys.readouterr().err
    assert "published" in line
    assert "events=3" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_level(capsys: pytest.CaptureFixture[str], level: str) -> None:
    """Nothing below the level is logged, and everything from it on."""
    logs.configure(level, "json")
    log = structlog.get_logger()

    for name in ("debug", "info", "warning", "error", "critical"):
        getattr(log, name)("fact")

    written = [json.loads(line)["level"] for line in capsys.readouterr().err.splitlines()]
    least = logging.getLevelNamesMapping()[level]
    assert written == [
        name
        for name in ("debug", "info", "warning", "error", "critical")
        if logging.getLevelNamesMapping()[name.upper()] >= least
    ]
