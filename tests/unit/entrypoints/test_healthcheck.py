"""The image's health check, as Docker runs it."""

import socket
import subprocess
import sys

import pytest
from prometheus_client import CollectorRegistry

from event_processor.clock import SystemClock
from event_processor.status.server import app, serve
from event_processor.status.submissions_health import submissions_health
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry

LIMIT_SECONDS = 10


def _check(port: int) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "event_processor.entrypoints.healthcheck", str(port)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize(("oldest_seconds", "code", "said"), [(1.0, 0, '"ok": true'), (99.0, 1, "unfinished for 99 s")])
def test_says_what_the_processor_says(oldest_seconds: float, code: int, said: str) -> None:
    """Its exit code is that of /livez, and `docker inspect` shows why."""
    registry = CollectorRegistry()
    health = submissions_health(RunTelemetry(Metrics(registry, CATALOGUE), SystemClock()), LIMIT_SECONDS)
    health.started(lambda: oldest_seconds)
    found_code, found = _check(serve("127.0.0.1", 0, app(registry, health, {})))
    assert found_code == code
    assert said in found


def test_fails_when_nobody_answers() -> None:
    """A processor that is not there is not alive."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        port = taken.getsockname()[1]
        code, said = _check(port)
    assert code == 1
    assert f"nobody answers on port {port}" in said


def test_imports_nothing_of_the_processor() -> None:
    """It runs every few seconds: it must not load boto3, pydantic or even the processor's settings."""
    program = "import sys, event_processor.entrypoints.healthcheck; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.split(".")[0] in {"event_processor", "boto3", "pydantic"}}
    assert loaded == {"event_processor", "event_processor.entrypoints", "event_processor.entrypoints.healthcheck"}
