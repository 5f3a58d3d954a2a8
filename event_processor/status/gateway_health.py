"""What `gateway` cannot do without, and which of its metrics are charted."""

from typing import Final

from event_processor.status.health import Health, Needs
from event_processor.status.history import Charted
from event_processor.telemetry.door_telemetry import ACKNOWLEDGED, AGE, REQUESTS
from event_processor.telemetry.gateway_telemetry import GatewayTelemetry
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.threads import Threads

CHARTED: Final = Charted((REQUESTS, ACKNOWLEDGED, REJECTS), AGE)
_NEEDS: Final = Needs(
    data_path={"put": "putting records", "store": "reject store", "credentials": "getting credentials"},
    questions={  # the last contracts, keys and certificate go on counting
        "stream": "put",
        "shards": "put",
        "contracts": "put",
        "keys": None,
        "certificate": None,
    },
    unfinished="a request",
)


def gateway_health(telemetry: GatewayTelemetry, deadline_seconds: float, threads: Threads) -> Health:
    """The health of a process that takes records. Deadlines end requests, so one that is far older means it hangs."""
    return Health(_NEEDS, telemetry.steps, 60.0 + deadline_seconds, threads)
