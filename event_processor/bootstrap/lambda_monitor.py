"""The Lambda function on the stream of metrics: the core of `monitor`, called by an event source mapping."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry

from event_processor import __version__
from event_processor.aws.kinesis_event import KinesisEvent
from event_processor.aws.network.time_limit import calls_end_by, hurry_resolver
from event_processor.bootstrap.lambda_parts import CREDENTIALS_SECONDS, answer, from_the_extra, told
from event_processor.bootstrap.monitor_parts import JOB, WINDOWS
from event_processor.bootstrap.notices import make_channels
from event_processor.bootstrap.rejects import diskless_reject_store, lake_of
from event_processor.bootstrap.runtime import AwsParts
from event_processor.clock import SystemClock
from event_processor.monitoring.given import Giving
from event_processor.monitoring.invocation import Batch, Means
from event_processor.monitoring.told import Teller
from event_processor.notices.notice import Message
from event_processor.notices.notifier import Notifier
from event_processor.notices.pacing import Pace
from event_processor.rejects.ports import RejectStore
from event_processor.settings.lambda_monitor import LambdaMonitorSettings
from event_processor.settings.loading import sources
from event_processor.telemetry import logs
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.invocation_telemetry import InvocationTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.monitor_telemetry import CATALOGUE, NAMESPACE, MonitorTelemetry
from event_processor.telemetry.threads import Threads

_NOTICE_SECONDS: Final = 3.0  # for people to be told: then the process is frozen
_GATHER_SECONDS: Final = 0.2  # an invocation has all of its metrics at once


class MonitorFunction:
    """Finishes a batch, or says from which record on it must come again. Made at the cold start, then called."""

    def __init__(self, settings: LambdaMonitorSettings) -> None:
        """Raises SettingsError, and NotReady without the extra `lambda`."""
        hurry_resolver()
        self._rejects: RejectStore | None = None
        self._settings, self._clock = settings, SystemClock()
        self._telemetry, self._log = InvocationTelemetry(), structlog.get_logger("event_processor")
        logs.configure(settings.log_level, settings.log_format, self._telemetry.add)
        self._cloud_watch = _cloud_watch_metrics()
        inner = MonitorTelemetry(Metrics(CollectorRegistry(), CATALOGUE), self._clock)
        self._parts = AwsParts(settings, inner, CREDENTIALS_SECONDS, self._cloud_watch, self._telemetry, self)
        observer: Any = self._parts.observer
        self._notifier = Notifier(
            make_channels(settings.notices, lambda: self._parts.clients),
            self._clock,
            observer,
            Threads(self._clock).start,
            replace(WINDOWS, gather_seconds=_GATHER_SECONDS),
            Pace(budget=settings.notices_a_day),
        )
        files = lake_of(settings.monitor_state, lambda: self._parts.clients, observer, pool=1)
        self._teller = Teller(self._notifier, settings.status_url)
        self._means = Means(
            stream=settings.metrics_stream,
            most_series=settings.monitor_series,
            files=files,
            giving=Giving(files, observer),
            teller=self._teller,
            rejects=self._reject_store,
            clock=self._clock,
            observer=observer,
        )
        self._log.info("starting", version=__version__, settings={name: value for name, value, _ in sources(settings)})
        gc.collect()
        gc.freeze()  # what exists by now stays

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """See `answer`."""
        margin_seconds = self._settings.lambda_margin
        end = self._clock.monotonic() + context.get_remaining_time_in_millis() / 1000
        deadline = end - margin_seconds
        with (
            told(self._telemetry, context, self._flush, self._parts.telemetry.untold),
            calls_end_by(end - margin_seconds / 2),
        ):
            work = partial(self._work, deadline)
            return answer(event, self._settings.metrics_stream, deadline, self._clock, self._parts.observer, work)

    def notified(self, channel: str, message: Message) -> None:
        """See NoticeObserver."""
        self._teller.notified(channel, message)

    def _reject_store(self) -> RejectStore:
        """Made when there is something for it: at most cold starts there is nothing. Raises CallFailed."""
        if self._rejects is None:
            self._rejects = diskless_reject_store(self._settings, self._parts, JOB, pool=1)
        return self._rejects

    def _work(self, deadline: float, event: KinesisEvent) -> Iterator[int]:
        batch = Batch(self._means, event.shard)
        yield batch.evaluated(event.records, deadline)
        self._notifier.pause_until_told(min(_NOTICE_SECONDS, deadline - self._clock.monotonic()))
        batch.note()

    def _flush(self) -> None:
        self._parts.telemetry.progress.say()
        self._cloud_watch.flush(self._telemetry.facts["function_name"], self._telemetry.facts["request_id"])


def _cloud_watch_metrics() -> Any:
    with from_the_extra():
        from event_processor.telemetry.emf_monitoring import MonitoringMetrics  # noqa: PLC0415 - an extra
    return MonitoringMetrics(NAMESPACE, ErrorCodes())
