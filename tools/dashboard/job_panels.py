"""What the dashboards of several jobs have alike: a job's own metrics, calls that fail, facts not told, the process."""

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from event_processor.telemetry.call_telemetry import CALLS, FAILED, RETRIED
from event_processor.telemetry.metrics import HistogramSpec, Spec
from event_processor.telemetry.notice_telemetry import NOT_SENT, SENT, SUPPRESSED
from event_processor.telemetry.reading_telemetry import (
    CHECKPOINTS,
    LAG,
    READ,
    READ_BYTES,
    READS,
    RETENTION,
    SHARDS,
    THROTTLED,
)
from event_processor.telemetry.untold_telemetry import LINES_DROPPED, UNTOLD
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.queries import PROCESS_CPU, PROCESS_MEMORY, largest, observed, quantile, rate, total

S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class OfJob:
    """Metrics, and panels of them, as the job of this namespace has them."""

    namespace: str

    def __call__(self, spec: S) -> S:
        """The metric under the job's name."""
        return replace(spec, namespace=self.namespace)

    def quantiles(self, spec: HistogramSpec) -> tuple[Query, ...]:
        """Half of all are below the first, 99 % below the second."""
        return tuple(Query(quantile(share, self(spec)), legend) for share, legend in ((0.5, "p50"), (0.99, "p99")))

    def reading(self, *, checkpoints: bool = True) -> Row:
        """What is read of streams, and how; `checkpoints`: as many as are written are a line of it."""
        written = (Query(rate(self(CHECKPOINTS)), "checkpoints written"),) if checkpoints else ()
        read, read_bytes = (rate(self(spec), "instance") for spec in (READ, READ_BYTES))
        return Row(
            "Reading",
            Panel("Records read per second", READ.help, Query(read, "{{instance}}")),
            Panel("Bytes read per second", READ_BYTES.help, Query(read_bytes, "{{instance}}"), unit="Bps"),
            Panel(
                "Reads per second",
                READS.help,
                Query(rate(self(READS)), "answered"),
                Query(rate(self(THROTTLED)), "throttled"),
                *written,
            ),
            Panel("Shards", SHARDS.help, Query(total(self(SHARDS), "state"), "{{state}}")),
        )

    def behind_the_tip(self) -> Panel:
        """How far a reader is behind, and what the stream keeps."""
        return Panel(
            "Behind the tip, and retention",
            LAG.help,
            Query(largest(self(LAG), "instance"), "{{instance}}"),
            Query(f"1000 * {largest(self(RETENTION))}", "limit"),
            unit="ms",
        )

    def notices(self) -> Row:
        """Who is told, and who is not."""
        told = {"Messages per second": SENT, "Only counted, per second": SUPPRESSED}
        told["Not accepted, per second"] = NOT_SENT
        panels = (
            Panel(name, spec.help, Query(rate(self(spec), "channel"), "{{channel}}")) for name, spec in told.items()
        )
        return Row("Notices", *panels)

    def call_time(self) -> Panel:
        """Of 99 % of all calls."""
        query = Query(quantile(0.99, self(CALLS), "operation"), "{{operation}}")
        return Panel("Call time p99", CALLS.help, query, unit="s")

    def calls(self) -> Panel:
        """All of them."""
        return Panel("Calls per second", CALLS.help, Query(observed(self(CALLS), "operation"), "{{operation}}"))

    def given_up(self) -> Panel:
        """Calls that failed with all their retries."""
        query = Query(rate(self(FAILED), "step", "error_code"), "{{step}}: {{error_code}}")
        return Panel("Calls failed per second", FAILED.help, query)

    def retries(self) -> Panel:
        """Calls made again."""
        query = Query(rate(self(RETRIED), "operation", "error_code"), "{{operation}}: {{error_code}}")
        return Panel("Retries per second", RETRIED.help, query)

    def not_told(self) -> Panel:
        """Log lines and metrics that are missing."""
        return Panel(
            "Not reported, per second",
            "The work is done; its log line or metric is missing",
            Query(rate(self(LINES_DROPPED)), "log lines dropped"),
            Query(rate(self(UNTOLD), "fact"), "failed: {{fact}}"),
        )

    def trouble(self) -> Row:
        """What goes wrong, with calls and with the process."""
        calls = (self.given_up(), self.retries(), self.call_time(), self.calls())
        return Row("What goes wrong", *calls, self.not_told(), CPU, MEMORY)


CPU: Final = Panel(
    "CPU", "1 is one core, all that a process can use", Query(rate(PROCESS_CPU, "instance"), "{{instance}}")
)
MEMORY: Final = Panel("Memory", "Resident", Query(total(PROCESS_MEMORY, "instance"), "{{instance}}"), unit="bytes")
