"""What `inspect` cannot do without, and which of its metrics are charted."""

from typing import Final

from event_processor.status.health import Health, Needs
from event_processor.status.history import Charted
from event_processor.telemetry.inspection_telemetry import AGE, VERDICTS
from event_processor.telemetry.inspector_telemetry import InspectorTelemetry
from event_processor.telemetry.reading_telemetry import READ
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.threads import Threads

CHARTED: Final = Charted((READ, VERDICTS, REJECTS), AGE)
_IDLE_LIMIT_SECONDS: Final = 600.0  # a store that hangs for longer with all its retries is not known
_NEEDS: Final = Needs(
    data_path={
        "list_shards": "listing the shards",
        "read": "reading the stream",
        "contracts": "reading the contracts",  # rejects are held while it fails
        "store": "reject store",
        "checkpoint": "writing checkpoints",
        "credentials": "getting credentials",
    },
    questions={"stream": "read"},
    unfinished="a round of reading, judging and storing",
)


def inspection_health(telemetry: InspectorTelemetry, threads: Threads) -> Health:
    """The health of a process that inspects a stream."""
    return Health(_NEEDS, telemetry.steps, _IDLE_LIMIT_SECONDS, threads)
