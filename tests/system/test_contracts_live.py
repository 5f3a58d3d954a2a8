"""A contract that is published by one process counts for the records that another one judges, within five seconds."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_processor.aws.clients import Clients
from event_processor.bootstrap.contracts import (
    contract_registry,
    contract_watcher,
    keep_watching,
    provision_contracts,
)
from event_processor.bootstrap.runtime import make_clients
from event_processor.clock import SystemClock
from event_processor.contracts.judge import Accepted, Judge
from event_processor.contracts.streams import Stream, Template
from event_processor.contracts.watcher import UNREAD, Watcher
from event_processor.settings.contracts import ContractsSettings
from event_processor.settings.loading import load
from event_processor.telemetry.threads import Threads
from event_processor.testing import RecordingObserver
from tests.contract import backends
from tests.eventually import eventually

WITHIN_SECONDS = 5.0
JUDGE = Judge(Stream("events", Template.parse("{type}")))


@pytest.fixture(params=["dir", pytest.param("dynamodb", marks=pytest.mark.prove)])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ContractsSettings]:
    """Those of a user, for either registry."""
    monkeypatch.chdir(tmp_path)
    if request.param == "dir":
        monkeypatch.setenv("CONTRACTS", "dir:contracts")
        yield load(ContractsSettings)
        return
    with backends.moto() as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("CONTRACTS", f"dynamodb:{backends.new_name()}")
        yield load(ContractsSettings)


@pytest.fixture
def watcher(settings: ContractsSettings) -> Iterator[Watcher]:
    """A running one, as in a worker."""

    def clients() -> Clients:
        return make_clients(settings)

    provision_contracts(settings, clients)
    watcher = contract_watcher(settings, contract_registry(settings, clients, RecordingObserver()), RecordingObserver())
    stop, threads = threading.Event(), Threads(SystemClock())
    keep_watching(watcher, settings.contracts_refresh, stop, threads)
    yield watcher
    stop.set()
    assert threads.ended == []


def publish(subject: str, version: str = "1-0-0", **schema: object) -> None:
    """By the command, as a process of its own."""
    Path("c.json").write_text(json.dumps({"x-subject": subject, "x-version": version, **schema}))
    command = [sys.executable, "-m", "event_processor", "contracts", "publish", "c.json"]
    subprocess.run(command, check=True, env=dict(os.environ), capture_output=True)


def verdict(watcher: Watcher, subject: str) -> str:
    """The version that accepts such a record, or the code of the first fault."""
    found = JUDGE.judge(json.dumps({"type": subject}).encode(), watcher.current)
    return str(found.version) if isinstance(found, Accepted) else str(found.faults[0].reason)


def seconds_until(watcher: Watcher, subject: str, expected: str) -> float:
    """How long it takes from now until that is the verdict."""
    start = time.monotonic()
    eventually(lambda: verdict(watcher, subject) == expected, f"{subject}: {expected}")
    return time.monotonic() - start


def test_live_within_five_seconds(watcher: Watcher) -> None:
    """A subject that was asked for in vain, a new version of it, and a rollback each count within five seconds."""
    eventually(lambda: watcher.current is not UNREAD)
    assert verdict(watcher, "page") == "no_contract"

    publish("page")
    assert seconds_until(watcher, "page", "1-0-0") < WITHIN_SECONDS

    publish("page", "2-0-0", required=["name"])
    assert seconds_until(watcher, "page", "missing_field") < WITHIN_SECONDS

    command = [sys.executable, "-m", "event_processor", "contracts", "rollback", "page", "1-0-0"]
    subprocess.run(command, check=True, capture_output=True)
    assert seconds_until(watcher, "page", "1-0-0") < WITHIN_SECONDS
