"""What `deliver` cannot do without, and which of its metrics are charted."""

from collections.abc import Iterable
from typing import Final

from event_processor.status.health import Health, Needs
from event_processor.status.history import Charted
from event_processor.telemetry.delivery_telemetry import AGE, LOADED, RECORDS
from event_processor.telemetry.lake_telemetry import LakeTelemetry, step_of
from event_processor.telemetry.reading_telemetry import READ
from event_processor.telemetry.threads import Threads

CHARTED: Final = Charted((READ, RECORDS, LOADED), AGE)
_IDLE_LIMIT_SECONDS: Final = 600.0
_OF_A_STREAM: Final = {
    "list_shards": "listing the shards",
    "read": "reading",
    "open": "opening the log",
    "tables": "making tables of contracts",
    "store": "writing to the lake",
    "checkpoint": "writing the log",
}


def lake_health(telemetry: LakeTelemetry, streams: Iterable[str], threads: Threads) -> Health:
    """The health of a process that delivers these streams. Loads may wait: what is to be loaded is safe."""
    names = list(streams)
    of_streams = {step_of(step, name): f"{what} of {name}" for name in names for step, what in _OF_A_STREAM.items()}
    needs = Needs(
        data_path={**of_streams, "contracts": "reading the contracts", "credentials": "getting credentials"},
        questions={step_of("stream", name): step_of("read", name) for name in names},
        unfinished="a round of reading and gathering",
    )
    return Health(needs, telemetry.steps, _IDLE_LIMIT_SECONDS, threads)
