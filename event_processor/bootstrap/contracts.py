"""The registry of contracts that the settings name, and the one who keeps its contracts at hand."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from event_processor.aws.clients import Clients
from event_processor.aws.concerns import Concern
from event_processor.aws.tables import provision_table
from event_processor.clock import SystemClock
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.registry import Registry
from event_processor.contracts.streams import Stream
from event_processor.contracts.watcher import Watcher, WatchObserver, read_set
from event_processor.errors import CallFailed
from event_processor.metrics.shipped import SUBJECT, publish_where_it_is_missing
from event_processor.settings.shared import ContractSettings
from event_processor.stores.contract_directory import DirectoryContracts
from event_processor.stores.contract_table import NAME, PART, TableContracts
from event_processor.telemetry.call_telemetry import StepTelemetry
from event_processor.telemetry.threads import Threads
from event_processor.telling import CallObserver, FanOut

_POOL = 2
_SOON_SECONDS = 0.5


def contract_registry(settings: ContractSettings, clients: Callable[[], Clients], observer: CallObserver) -> Registry:
    """A directory needs no clients, so they are made only if asked for. Raises SettingsError."""
    kind, _, name = settings.contracts.partition(":")
    if kind == "dir":
        return DirectoryContracts(Path(name))
    return TableContracts(clients().dynamodb(_POOL), name, observer)


def live_contracts(settings: ContractSettings, clients: Callable[[], Clients]) -> ContractSet:
    """Those that count now, read once. Raises CallFailed."""
    return read_set(contract_registry(settings, clients, FanOut()), SystemClock().now())


def provision_contracts(
    settings: ContractSettings, clients: Callable[[], Clients], streams: Iterable[Stream] = ()
) -> list[str]:
    """Make the directory or the table if it is missing, and say which. Raises CallFailed.

    If one of the streams is of metrics, their contract is published, unless there is one.
    """
    said = [_provision_registry(settings, clients)]
    if publish_where_it_is_missing(contract_registry(settings, clients, FanOut()), streams):
        said.append(f"contract {SUBJECT}: published")
    return said


def _provision_registry(settings: ContractSettings, clients: Callable[[], Clients]) -> str:
    kind, _, name = settings.contracts.partition(":")
    if kind == "dir":
        was_there = Path(name).is_dir()
        Path(name).mkdir(parents=True, exist_ok=True)
        return f"folder  {name}: {'already exists' if was_there else 'created'}"
    return provision_table(clients().dynamodb(1), name, PART, NAME)


def contract_concerns(settings: ContractSettings | None, clients: Callable[[], Clients]) -> Iterator[Concern]:
    """Whether the contracts can be read, if there are to be any."""
    if settings is not None:
        try:
            live_contracts(settings, clients)
        except CallFailed as failure:
            yield Concern(f"contracts cannot be read from {settings.contracts}: {failure}")


def watcher_concerns(settings: ContractSettings, watcher: Watcher, steps: StepTelemetry) -> Iterator[Concern]:
    """What makes the work impossible for who judges every record by contracts."""
    if not watcher.refresh():
        trouble = steps.troubles["contracts"]
        yield Concern(f"CONTRACTS {settings.contracts} cannot be read: {trouble.text}", fatal=True)
    elif not watcher.current.contracts:
        yield Concern(f"CONTRACTS {settings.contracts} has no contract: every record will be rejected")


def contract_watcher(settings: ContractSettings, registry: Registry, observer: WatchObserver) -> Watcher:
    """For a Lambda function, which calls `refresh_if_due` before each batch, and for `keep_watching`."""
    return Watcher(registry, observer, SystemClock(), settings.contracts_refresh)


def keep_watching(
    watcher: Watcher,
    refresh_seconds: float,
    stop: threading.Event,
    threads: Threads,
    is_wanted: Callable[[], bool] = lambda: False,
) -> None:
    """On a thread, until it is stopped.

    While something waits for the registry to be read (`is_wanted`), it is asked twice a second, if it answers.
    """

    def watch() -> None:
        while not stop.is_set():
            threads.alive("contracts")
            answers = watcher.refresh()
            due_at = time.monotonic() + refresh_seconds
            while (left := due_at - time.monotonic()) > 0 and not stop.wait(min(_SOON_SECONDS, left)):
                if answers and is_wanted():
                    break
        threads.done("contracts")

    threads.start("contracts", watch)
