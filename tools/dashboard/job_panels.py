"""What the dashboards of several jobs have alike: a job's own metrics, calls that fail, facts not told, the process."""

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from event_processor.telemetry.call_telemetry import FAILED, RETRIED
from event_processor.telemetry.metrics import HistogramSpec, Spec
from event_processor.telemetry.untold_telemetry import LINES_DROPPED, UNTOLD
from tools.dashboard.grafana import Panel, Query
from tools.dashboard.queries import PROCESS_CPU, PROCESS_MEMORY, quantile, rate, total

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

    def given_up(self) -> Panel:
        """Calls that failed with all their retries."""
        query = Query(rate(self(FAILED), "step", "error_code"), "{{step}}: {{error_code}}")
        return Panel("Calls given up per second", FAILED.help, query)

    def retries(self) -> Panel:
        """Calls made again."""
        query = Query(rate(self(RETRIED), "operation", "error_code"), "{{operation}}: {{error_code}}")
        return Panel("Retries per second", RETRIED.help, query)

    def not_told(self) -> Panel:
        """Log lines and metrics that are missing."""
        return Panel(
            "Not told, per second",
            "The work is done; its log line or metric is missing",
            Query(rate(self(LINES_DROPPED)), "log lines dropped"),
            Query(rate(self(UNTOLD), "fact"), "failed: {{fact}}"),
        )


CPU: Final = Panel(
    "CPU", "1 is one core, all that a process can use", Query(rate(PROCESS_CPU, "instance"), "{{instance}}")
)
MEMORY: Final = Panel("Memory", "Resident", Query(total(PROCESS_MEMORY, "instance"), "{{instance}}"), unit="bytes")
