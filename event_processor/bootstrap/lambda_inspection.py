"""The Lambda function on a stream: the core of `inspect`, called with a batch by a Kinesis event source mapping."""

import gc
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry

from event_processor import __version__
from event_processor.aws.network.time_limit import calls_end_by, hurry_resolver
from event_processor.bootstrap.inspection_parts import JOB, stream_to_inspect
from event_processor.bootstrap.lambda_parts import CREDENTIALS_SECONDS, START_SECONDS, answer, from_the_extra, told
from event_processor.bootstrap.notices import make_channels
from event_processor.bootstrap.rejects import diskless_reject_store
from event_processor.bootstrap.runtime import AwsParts
from event_processor.clock import SystemClock
from event_processor.contracts.judge import Judge
from event_processor.errors import SettingsError
from event_processor.inspection.invocation import Means, inspected
from event_processor.inspection.told import Teller
from event_processor.inspection.verdicts import Bench
from event_processor.notices.notifier import Notifier
from event_processor.rejects.ports import RejectStore
from event_processor.settings.lambda_inspection import LambdaInspectionSettings
from event_processor.settings.loading import sources
from event_processor.telemetry import logs
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.inspector_telemetry import CATALOGUE, NAMESPACE, InspectorTelemetry
from event_processor.telemetry.invocation_telemetry import InvocationTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.threads import Threads

_NOTICE_SECONDS: Final = 3.0  # for people to be told, once there were rejects: then the process is frozen


class InspectionFunction:
    """Finishes a batch, or says from which record on it must come again. Made at the cold start, then called.

    A registry that cannot be read does not fail the start: rejects wait for it, and their records come again.
    """

    def __init__(self, settings: LambdaInspectionSettings) -> None:
        """Raises SettingsError, and NotReady without the extra `lambda`."""
        if settings.rejects == "lake" and settings.lake.startswith("dir:"):
            raise SettingsError(f"LAKE: was {settings.lake!r}; allowed in a Lambda function: s3://BUCKET/PREFIX")
        hurry_resolver()
        self._rejects: RejectStore | None = None
        self._settings, self._clock = settings, SystemClock()
        self._stream = stream_to_inspect(settings)
        self._telemetry, self._log = InvocationTelemetry(), structlog.get_logger("event_processor")
        logs.configure(settings.log_level, settings.log_format, self._telemetry.add)
        self._cloud_watch = _cloud_watch_metrics()
        inner = InspectorTelemetry(Metrics(CollectorRegistry(), CATALOGUE), self._clock, self._stream.name)
        self._parts = AwsParts(settings, inner, CREDENTIALS_SECONDS, self._cloud_watch, self._telemetry)
        observer: Any = self._parts.observer
        channels = make_channels(settings.notices, lambda: self._parts.clients)
        self._notifier = Notifier(channels, self._clock, observer, Threads(self._clock).start)
        self._means = Means(
            bench=Bench(Judge(self._stream), observer),
            watcher=self._parts.watcher(settings),
            rejects=self._reject_store,
            teller=Teller(self._notifier, observer, self._stream.name, settings.status_url),
            clock=self._clock,
            observer=observer,
            stream=self._stream.name,
        )
        self._log.info("starting", version=__version__, settings={name: value for name, value, _ in sources(settings)})
        with calls_end_by(self._clock.monotonic() + START_SECONDS):
            self._means.watcher.refresh()
        gc.collect()
        gc.freeze()  # what exists by now stays

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """See `answer`."""
        margin_seconds = self._settings.lambda_margin
        end = self._clock.monotonic() + context.get_remaining_time_in_millis() / 1000
        is_told = told(self._telemetry, context, self._flush, self._parts.telemetry.untold)
        with is_told, calls_end_by(end - margin_seconds / 2):
            answered = answer(
                event,
                self._stream.name,
                end - margin_seconds,
                self._clock,
                self._parts.observer,
                lambda batch: [inspected(self._means, batch.shard, batch.records, end - margin_seconds)],
            )
            if self._means.teller.has_told:
                self._means.teller.has_told = False
                self._notifier.pause_until_told(min(_NOTICE_SECONDS, end - margin_seconds - self._clock.monotonic()))
        return answered

    def _reject_store(self) -> RejectStore:
        """Made when there is something for it: at most cold starts there is nothing. Raises CallFailed."""
        if self._rejects is None:
            self._rejects = diskless_reject_store(self._settings, self._parts, JOB, pool=1)
        return self._rejects

    def _flush(self) -> None:
        self._parts.telemetry.progress.say()
        self._cloud_watch.flush(self._telemetry.facts["function_name"], self._telemetry.facts["request_id"])


def _cloud_watch_metrics() -> Any:
    with from_the_extra():
        from event_processor.telemetry.emf_inspection import InspectionMetrics  # noqa: PLC0415 - an extra
    return InspectionMetrics(NAMESPACE, ErrorCodes())
