"""What `run` cannot do without, and which of its metrics are charted."""

from collections.abc import Iterator
from typing import Final

from event_processor.status.health import Health, Needs
from event_processor.status.history import Charted
from event_processor.telemetry.publish_telemetry import PUBLISHED, REFUSED
from event_processor.telemetry.run_telemetry import RunTelemetry
from event_processor.telemetry.submission_telemetry import AGE, RECEIVED
from event_processor.telemetry.threads import Threads

CHARTED: Final = Charted((RECEIVED, PUBLISHED, REFUSED), AGE)
_NEEDS: Final = Needs(
    data_path={
        "receive": "receive",
        "put": "put",
        "store": "reject store",  # a receiver that holds a reject waits for it: soon nothing more is received
        "credentials": "getting credentials",
    },
    questions={"queue": "receive", "stream": "put"},
    unfinished="a submission",
)


def submissions_health(
    telemetry: RunTelemetry, unfinished_limit_seconds: float, threads: Threads | None = None
) -> Health:
    """The health of a process that receives submissions; not ready after the reject limit, too."""

    def halted() -> Iterator[str]:
        if why := telemetry.submissions.limit_reached:
            yield f"reject limit reached, nothing is received: {why}; fix the cause, then restart"

    return Health(_NEEDS, telemetry.steps, unfinished_limit_seconds, threads, halted)
