"""What `monitor` cannot do without, and which of its metrics are charted."""

from typing import Final

from event_processor.status.health import Health, Needs
from event_processor.status.history import Charted
from event_processor.telemetry.monitor_telemetry import MonitorTelemetry
from event_processor.telemetry.monitoring_telemetry import AGE, FINDINGS, METRICS
from event_processor.telemetry.reading_telemetry import READ
from event_processor.telemetry.threads import Threads

CHARTED: Final = Charted((READ, METRICS, FINDINGS), AGE)
_IDLE_LIMIT_SECONDS: Final = 600.0
_NEEDS: Final = Needs(
    data_path={
        "list_shards": "listing the shards",
        "read": "reading the stream",
        "store": "reject store",
        "save": "storing series and findings",
        "checkpoint": "writing checkpoints",
        "credentials": "getting credentials",
    },
    questions={"stream": "read", "labels": None, "hushes": None, "model": None},
    unfinished="a round of reading, judging and storing",
)


def monitor_health(telemetry: MonitorTelemetry, threads: Threads) -> Health:
    """The health of a process that judges metrics. It goes on with the labels and the model that it has."""
    return Health(_NEEDS, telemetry.steps, _IDLE_LIMIT_SECONDS, threads)
