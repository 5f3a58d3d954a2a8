"""`event-processor deliver` as a real process on an endless stream, and what it did within a window."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.backend import Backend, Conditions, Load
from benchmarks.inspector.inspecting import contracts
from benchmarks.lake.records import supply
from benchmarks.run import BACKEND_CORE, CLIENT_CORE, CREDENTIALS, Child, free_ports
from benchmarks.scraped import Metrics
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.loading import clean_environment


@dataclass(frozen=True, slots=True)
class Case:
    """What is delivered where. All streams have that many shards, and hold the same."""

    name: str
    warehouse: bool = True
    streams: int = 1
    shards: int = 32
    records_per_second: float = 0.0  # 0: as many as are asked for


@dataclass(frozen=True, slots=True)
class Window:
    """What came into the lake, and of it into the warehouse, between two looks."""

    seconds: float
    records: float
    loaded: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def cpu_us_per_record(self) -> float:
        """All threads, for a record in the lake and, if there is one, in the warehouse."""
        return self.cpu_seconds / max(1.0, self.records) * 1e6


class Delivering:
    """One at work, asked by its metrics."""

    def __init__(self, child: Child, case: Case, port: int) -> None:
        self._child, self._case, self._metrics = child, case, Metrics(child, port, "event_lake_")

    def window(self, seconds: float, warm_up_seconds: float) -> Window:
        """So long after the first range is loaded, for so long; longer until something is. Raises ChildFailed."""
        wanted = "rows_loaded_total" if self._case.warehouse else "records_total"
        self._metrics.wait(wanted)
        time.sleep(warm_up_seconds)  # a measured interval, not a wait for something to happen
        begun, cpu, before = time.perf_counter(), self._child.cpu_seconds, self._metrics.read()
        time.sleep(seconds)
        self._metrics.wait(wanted, before.get(wanted, 0.0))
        after, lasted = self._metrics.read(), time.perf_counter() - begun
        did = {name: value - before.get(name, 0.0) for name, value in after.items()}
        return Window(
            seconds=lasted,
            records=did["records_total"],
            loaded=did.get("rows_loaded_total", 0.0),
            cpu_seconds=self._child.cpu_seconds - cpu,
            peak_bytes=self._child.peak_bytes,
        )


@contextmanager
def delivering(case: Case) -> Iterator[Delivering]:
    """A fresh back end, lake and process, each of the two on a core of its own."""
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory()))
        conditions = Conditions(shards=case.shards)
        backend = running.enter_context(Backend(Load(1), conditions, BACKEND_CORE, supply(case.records_per_second)))
        streams = "".join(
            f'  events{number}:\n    contract: "{{type}}/{{event|name}}"\n    id: messageId\n'
            f"    table: tracking.pages{number}\n"
            for number in range(case.streams)
        )
        (folder / "streams.yaml").write_text(f"streams:\n{streams}")
        [port] = free_ports(1)
        environment = clean_environment(
            DeliverySettings,
            AWS_ENDPOINT_URL=backend.endpoint,
            AWS_REGION="us-east-1",
            STREAMS_FILE=f"{folder}/streams.yaml",
            CONTRACTS=f"dir:{contracts(1)}",
            LAKE=f"dir:{folder}/lake",
            WAREHOUSE=f"duckdb:{folder}/warehouse.duckdb" if case.warehouse else "none",
            METRICS_PORT=str(port),
            **CREDENTIALS,
        )
        command = (sys.executable, "-m", "event_processor", "deliver")
        child = running.enter_context(Child(command, environment, folder / "log", CLIENT_CORE))
        yield Delivering(child, case, port)
