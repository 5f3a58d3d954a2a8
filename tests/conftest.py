"""For all tests: a clean environment, and the same random choices every time."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

import botocore.loaders
import botocore.session
import pytest
import structlog
from hypothesis import HealthCheck, settings

from local_aws import LocalAws

settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

_OURS = (
    "AWS_",
    "LOCALSTACK_",
    "SENSOR_FLEET_",
    "QUEUE_",
    "STREAM_",
    "REJECT",
    "LOG_",
    "METRICS_",
    "MAX_IN_FLIGHT",
    "OTEL_",
    "CONTRACTS",
    "NOTICES",
)
_ALSO_OURS = {
    "BATCH_SIZE",
    "PARTITION_KEY",
    "RECEIVERS",
    "REQUESTS_CA_BUNDLE",
    "SHUTDOWN_GRACE",
    "UNFINISHED_LIMIT",
    "VISIBILITY_TIMEOUT",
    "WAIT_TIME",
}


# As in the Makefile: or each worker, and each process that a test starts, compiles everything again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Each session reads botocore's models of the services again, which takes longer than most tests.
botocore.session.create_loader = cache(botocore.loaders.create_loader)
# 38 grammars, made when jsonschema is imported: a second in each worker, for formats that nothing here has (iri).
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
_PROOF_SECONDS = 1200


def pytest_collection(session: pytest.Session) -> None:
    """Each worker begins with other modules. What it compiles, the others read: half of the time in a new checkout."""
    number, count = os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:], os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    folders = session.config.args
    if folders == ["tests"]:
        folders = [f"tests/{folder}" for folder in ("contract", "integration", "property", "system", "unit", "wild")]
    found = sorted(path for folder in folders for path in Path(folder).rglob("test_*.py"))
    for path in found[int(number) :: int(count)]:
        with suppress(Exception, pytest.skip.Exception):  # pytest collects it once more, and tells
            import_module(".".join(path.with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A long proof has longer than other tests until it counts as hanging: it may run on a slow machine under load."""
    for item in items:
        if item.get_closest_marker("prove") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_PROOF_SECONDS))


def pytest_collection_finish() -> None:
    """What the modules have made stays to the end: looking at it whenever garbage is collected took 0.3 s each time."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings do not leak into the tests."""
    for name in list(os.environ):
        if name.startswith(_OURS) or name in _ALSO_OURS:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Logging is configured for a whole process; the next test starts again."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    """An emulator of this test's own."""
    with LocalAws() as running:
        yield running
