"""`event-processor inspect` as a real process on a stream of page events, and what it did within a window."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks import verdicts
from benchmarks.backend import Backend, Conditions, Load, Supply
from benchmarks.run import BACKEND_CORE, CLIENT_CORE, CREDENTIALS, Child, free_ports
from benchmarks.scraped import Metrics
from benchmarks.verdicts.__main__ import RECORDS
from event_processor.contracts.registry import Document
from event_processor.contracts.version import Version
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.loading import clean_environment
from event_processor.stores.contract_directory import DirectoryContracts

SHARDS: Final = 32
"""Each is read twice a second, and gives 2 MiB a second: together more than a core judges."""
_VALID, _FAULTY = RECORDS["valid"], RECORDS["two faults"]
PAGE: Final = json.loads((Path(verdicts.__file__).parent / "page.json").read_text())
_STREAMS: Final = 'streams:\n  events:\n    contract: "{type}/{event|name}"\n    id: messageId\n'
_LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Case:
    """What lies on the stream, and how it is read. `faulty_percent` of the records have two faults."""

    name: str
    transport: str = "lean"
    faulty_percent: int = 0
    contracts: int = 1
    records_per_second: float = 0.0  # 0: as many as are asked for


@dataclass(frozen=True, slots=True)
class Window:
    """What happened between two looks."""

    seconds: float
    records: float
    cpu_seconds: float
    backend_cpu_seconds: float
    lag_seconds: float
    mean_age_seconds: float  # from the arrival of the oldest record of a batch to its verdict
    memory_bytes: int

    @property
    def records_per_cpu_second(self) -> float:
        """Of the inspector's CPU, all threads."""
        return self.records / self.cpu_seconds


class Inspecting:
    """One at work, asked by its metrics."""

    def __init__(self, child: Child, backend: Backend, port: int) -> None:
        self._child, self._backend, self._metrics = child, backend, Metrics(child, port, "event_inspector_")

    def window(self, seconds: float, warm_up_seconds: float) -> Window:
        """So long after the first verdict, for so long. Raises ChildFailed, TimeoutError."""
        self._metrics.wait("verdicts_total")
        time.sleep(warm_up_seconds)  # a measured interval, not a wait for something to happen
        begun, before = time.perf_counter(), self._look()
        lags = []
        while time.perf_counter() < begun + seconds:
            time.sleep(min(_LOOK_SECONDS * 5, seconds))
            lags.append(self._metrics.read()["lag_milliseconds"] / 1000)
        after, lasted = self._look(), time.perf_counter() - begun
        judged = {name: after[name] - before.get(name, 0.0) for name in after}
        batches = judged["verdict_age_seconds_count"]
        return Window(
            seconds=lasted,
            records=judged["verdicts_total"],
            cpu_seconds=judged["cpu_seconds"],
            backend_cpu_seconds=judged["backend_cpu_seconds"],
            lag_seconds=max(lags),
            mean_age_seconds=judged["verdict_age_seconds_sum"] / batches if batches else 0.0,
            memory_bytes=self._child.peak_bytes,
        )

    def _look(self) -> dict[str, float]:
        cpu, backend = self._child.cpu_seconds, self._backend.counts().cpu_seconds
        return self._metrics.read() | {"cpu_seconds": cpu, "backend_cpu_seconds": backend}


@contextmanager
def inspecting(case: Case) -> Iterator[Inspecting]:
    """A fresh back end and a fresh process, each on a core of its own."""
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory()))
        backend = running.enter_context(Backend(Load(1), Conditions(shards=SHARDS), BACKEND_CORE, supply(case)))
        (folder / "streams.yaml").write_text(_STREAMS)
        [port] = free_ports(1)
        environment = settings(
            folder, contracts(case.contracts), AWS_ENDPOINT_URL=backend.endpoint, AWS_TRANSPORT=case.transport
        )
        command = (sys.executable, "-m", "event_processor", "inspect")
        log = folder / "log"
        child = running.enter_context(Child(command, environment | {"METRICS_PORT": str(port)}, log, CLIENT_CORE))
        yield Inspecting(child, backend, port)


def supply(case: Case) -> Supply:
    """A hundred records in turns, with the faulty ones spread among them."""
    faulty = case.faulty_percent
    payloads = [_FAULTY if number * faulty % 100 < faulty else _VALID for number in range(100)]
    return Supply(tuple(payloads), case.records_per_second)


def settings(folder: Path, contracts: str, **more: str) -> dict[str, str]:
    """The environment of an inspector that keeps everything in this folder."""
    return clean_environment(
        InspectionSettings,
        AWS_REGION="us-east-1",
        STREAMS_FILE=f"{folder}/streams.yaml",
        CONTRACTS=f"dir:{contracts}",
        STATE=f"dir:{folder}/state",
        REJECTS="file",
        REJECTS_FILE=f"{folder}/rejects.ndjson",
        **CREDENTIALS,
        **more,
    )


def contracts(number: int) -> str:
    """A directory with the page event's contract, and with others that are like it but for their subject."""
    return _published(number).name


@cache
def _published(number: int) -> "TemporaryDirectory[str]":
    """Once for all cases: to publish a thousand durably takes its time. Gone with this process."""
    folder: TemporaryDirectory[str] = TemporaryDirectory()
    registry = DirectoryContracts(Path(folder.name))
    for each in range(number):
        subject = PAGE["x-subject"] if each == 0 else f"page/Another {each}"
        document: Any = PAGE | {"x-subject": subject}
        registry.publish(Document(subject, Version.parse(PAGE["x-version"]), json.dumps(document)), None, "benchmark")
    return folder
