"""Settings to somebody who listens to a database."""

import structlog

from event_processor.aws.kinesis import KinesisSink
from event_processor.bootstrap.runtime import make_clients
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed, SettingsError
from event_processor.metrics.listening import Listening
from event_processor.metrics.outlet import Outlet
from event_processor.settings.monitor import ListenSettings
from event_processor.stores.outbox_postgres import PostgresOutbox
from event_processor.telling import FanOut


def make_listening(settings: ListenSettings) -> Listening:
    """Raises SettingsError."""
    url = settings.monitor_database
    if url is None:
        raise SettingsError("MONITOR_DATABASE: is missing; allowed: postgresql://USER:PASSWORD@HOST/NAME, or @FILE")
    try:
        import psycopg  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise SettingsError(
            f"this needs a package that is not installed ({error.name});"
            " pip install 'event-processor[listen]', in a clone '.[listen]'"
        ) from error
    clients = make_clients(settings, FanOut(), 60.0)
    sink = KinesisSink(clients.stream(1), settings.metrics_stream, FanOut())
    return Listening(lambda: PostgresOutbox(url), Outlet(sink, SystemClock()), FanOut(_Lines()))


class _Lines:
    """A line of the log for what somebody should know; the same trouble is told once."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("event_processor")
        self._trouble: str | None = None

    def told(self, metrics: int) -> None:
        """See ListenObserver."""
        self._log.info("metrics of the database are on their stream", metrics=metrics)

    def refused(self, number: int, why: str) -> None:
        """See ListenObserver."""
        self._log.warning("a row of quality.metric_outbox is not a metric, and stays there", id=number, detail=why)

    def failing(self, step: str, error: CallFailed) -> None:
        """See StepObserver."""
        if error.code != self._trouble:
            self._log.error(
                "metrics cannot be put on the stream, and wait in the database",
                step=step,
                code=error.code,
                detail=error.detail,
            )
        self._trouble = error.code

    def working(self, step: str) -> None:  # noqa: ARG002
        """See StepObserver."""
        if self._trouble is not None:
            self._log.info("metrics are put on the stream again")
        self._trouble = None
