"""The Lambda function that a database calls with rows of its outbox of metrics (`metrics/log_table_aurora.sql`)."""

from typing import Any, Final

import orjson
import structlog

from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.network.time_limit import calls_end_by, hurry_resolver
from event_processor.bootstrap.lambda_parts import CREDENTIALS_SECONDS
from event_processor.bootstrap.runtime import make_clients
from event_processor.clock import SystemClock
from event_processor.errors import EventProcessorError
from event_processor.metrics.metric import Metric, read_metric
from event_processor.metrics.outlet import Outlet
from event_processor.settings.lambda_log_table import LambdaLogTableSettings
from event_processor.telemetry import logs
from event_processor.telling import FanOut

_MARGIN_SECONDS: Final = 1.0


class LogTableFunction:
    """Answers `{"sent": 3, "refused": {"17": "value: …"}}`: all others of the rows are on the stream."""

    def __init__(self, settings: LambdaLogTableSettings) -> None:
        """Raises SettingsError."""
        hurry_resolver()
        logs.configure(settings.log_level, settings.log_format)
        self._clock, self._log = SystemClock(), structlog.get_logger("event_processor")
        clients = make_clients(settings, FanOut(), CREDENTIALS_SECONDS)
        self._sink = KinesisSink(clients.stream(1), settings.metrics_stream, FanOut())

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Raises CallFailed if not all are on the stream: then the database keeps them, and tries again."""
        seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
        sound: list[tuple[str, str]] = []
        refused: dict[str, str] = {}
        for row in event["rows"]:
            found = read_metric(orjson.dumps(row["record"]))
            if isinstance(found, Metric):
                sound.append((found.series.key, found.to_json().decode()))
            else:
                refused[str(row["id"])] = found.detail
        with calls_end_by(self._clock.monotonic() + seconds):
            outlet = Outlet(self._sink, self._clock, seconds)
            try:
                outlet.send(sound)
            except EventProcessorError as error:
                self._log.error("metrics stay in the outbox of the database", error=str(error))
                raise
        self._log.info("metrics of the database are on their stream", metrics=outlet.sent, refused=refused)
        return {"sent": outlet.sent, "refused": refused}
