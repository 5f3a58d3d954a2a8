"""What makes a process visible to others, whatever its job."""

from dataclasses import dataclass

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector

from event_processor.clock import SystemClock
from event_processor.status.health import Health
from event_processor.status.history import Charted, History
from event_processor.telemetry.call_telemetry import StepTelemetry
from event_processor.telemetry.job_telemetry import JobTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.progress_line import ProgressLine
from event_processor.telemetry.threads import Threads


@dataclass(frozen=True, slots=True)
class Watched:
    """What makes a process visible to others for as long as it runs."""

    metrics: Metrics
    steps: StepTelemetry
    progress: ProgressLine
    health: Health
    history: History
    threads: Threads


def watched(telemetry: JobTelemetry, health: Health, charted: Charted, threads: Threads) -> Watched:
    """All of it; the metrics of the process itself are among the others from now on."""
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=telemetry.metrics.registry)
    history = History(charted, telemetry.metrics, SystemClock())
    return Watched(telemetry.metrics, telemetry.steps, telemetry.progress, health, history, threads)
