"""The Lambda function: the core of `run`, called with a batch by an SQS event source mapping (docs/lambda.md)."""

import gc
import random
from collections.abc import Sequence
from functools import partial
from math import inf
from typing import Any, Final

import structlog

from event_processor import __version__
from event_processor.aws.concerns import stream_concerns
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.network.time_limit import calls_end_by, hurry_resolver
from event_processor.aws.sqs_event import read_event
from event_processor.bootstrap.lambda_parts import CREDENTIALS_SECONDS, START_SECONDS, from_the_extra, told
from event_processor.bootstrap.rejects import diskless_reject_store, queue_of_rejects
from event_processor.bootstrap.runtime import Base
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed, EventProcessorError, NotReady, SettingsError
from event_processor.publishing.pacing import Pacing
from event_processor.publishing.publisher import Publisher
from event_processor.rejects.ports import RejectStore
from event_processor.rejects.reject import Reject
from event_processor.settings.aws_lambda import LambdaSettings
from event_processor.settings.loading import sources
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.invocation import Invocation, Means
from event_processor.submissions.record_limit import RecordLimit
from event_processor.submissions.written_event import RecordRules
from event_processor.telemetry import logs
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.invocation_telemetry import InvocationTelemetry
from event_processor.telling import FanOut, attempt

_SHARDS_SECONDS: Final = 60.0  # between two looks at the shards after one that failed
_TRACES_SECONDS: Final = 1.0


class SubmissionsFunction:
    """Finishes a batch, or says which of its messages must come again. Made at the cold start, then called.

    A stream that cannot be asked does not fail the start: then every message comes again, and the next call asks again.
    """

    def __init__(self, settings: LambdaSettings) -> None:
        """Raises SettingsError, and NotReady without the extra `lambda`."""
        if settings.rejects == "sqs" and settings.rejects_queue == settings.queue_name:
            raise SettingsError(f"REJECTS_QUEUE: was {settings.rejects_queue!r}; allowed: not QUEUE_NAME")
        if settings.rejects == "lake" and settings.lake.startswith("dir:"):
            raise SettingsError(f"LAKE: was {settings.lake!r}; allowed in a function: s3://BUCKET/PREFIX")
        hurry_resolver()
        self._settings, self._clock = settings, SystemClock()
        self._telemetry, self._log = InvocationTelemetry(), structlog.get_logger("event_processor")
        logs.configure(settings.log_level, settings.log_format, self._telemetry.add)
        self._metrics = _cloud_watch_metrics(self._clock)
        self._base = Base(settings, CREDENTIALS_SECONDS)
        self._observer: Any = FanOut(self._base.observer, self._metrics, self._telemetry)
        self._sink = KinesisSink(self._base.clients.stream(pool=1), settings.stream_name, self._observer)
        self._pacing, self._shards_at = Pacing(), -inf
        self._means: Means | None = None
        self._log.info("starting", version=__version__, settings={name: value for name, value, _ in sources(settings)})
        with calls_end_by(self._clock.monotonic() + START_SECONDS):
            try:
                self._look()
            except EventProcessorError as problem:
                self._log.error("the stream cannot be used yet, and is asked again", problem=str(problem))
        gc.collect()
        gc.freeze()  # what exists by now stays

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """What Lambda answers to the mapping: the messages that are not named in it are deleted.

        Raises NotAnSqsEvent, and nothing else.
        """
        margin_seconds = self._settings.lambda_margin
        end = self._clock.monotonic() + context.get_remaining_time_in_millis() / 1000
        flush = partial(self._flush, end)
        is_told = told(self._telemetry, context, flush, self._base.telemetry.untold)
        with is_told, calls_end_by(end - margin_seconds / 2):
            batch = read_event(event, self._clock.now(), self._settings.tracing)
            for problem in batch.problems:
                self._log.error("message cannot be read, so it comes again", problem=problem)
            given = [*batch.unread, *(delivery.message_id for delivery in batch.deliveries)]
            ids = dict.fromkeys([*batch.unread, *self._unfinished(batch.deliveries, end - margin_seconds)])
            self._observer.answered([each for each in given if each not in ids], list(ids))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in ids]}

    def _unfinished(self, deliveries: Sequence[Delivery], deadline: float) -> list[str]:
        """Whatever happens: our own bug is no reason to answer wrongly."""
        invocation: Invocation | None = None
        try:
            if deliveries:
                if self._base.contracts is not None:
                    self._base.contracts.refresh_if_due()
                if self._clock.monotonic() >= deadline:
                    self._log.error("no time to work: the function's timeout must be longer than LAMBDA_MARGIN")
                means = self._look()
                invocation = Invocation(means, deliveries, deadline)
                invocation.work()
                if invocation.moved:
                    self._shards_at = -inf
        except EventProcessorError as problem:
            self._log.error("the stream cannot be used, so every message comes again", problem=str(problem))
        except Exception as error:  # noqa: BLE001 - see above; the text may hold payload
            self._log.critical(
                "bug: what is unfinished comes again", error=type(error).__name__, places=logs.places(error)
            )
        return [delivery.message_id for delivery in deliveries] if invocation is None else invocation.unfinished

    def _look(self) -> Means:
        """Know what the stream is, which is asked until it has answered once, and its shards.

        Raises CallFailed and NotReady.
        """
        means = self._means or self._made_for_stream()
        if self._clock.monotonic() >= self._shards_at:
            shards = attempt(self._observer, "shards", self._sink.shards)
            failed = isinstance(shards, CallFailed)
            self._pacing.reshard(() if isinstance(shards, CallFailed) else shards)
            self._shards_at = self._clock.monotonic() + _SHARDS_SECONDS if failed else inf
        self._means = means
        return means

    def _made_for_stream(self) -> Means:
        settings, base = self._settings, self._base
        stream = attempt(self._observer, "stream", partial(base.resources.stream, settings.stream_name))
        if isinstance(stream, CallFailed):
            raise stream
        for concern in stream_concerns(stream):
            raise NotReady(concern.text)
        rules = RecordRules(settings.partition_key, stream.record_limit_bytes, base.event_types)
        return Means(
            sink=self._sink,
            rejects=self._reject_store(),
            record_limit=RecordLimit(
                rules,
                lambda: base.resources.stream(settings.stream_name).record_limit_bytes,
                self._clock,
                self._observer,
            ),
            new_publisher=lambda: Publisher(random.random, pacing=self._pacing),
            clock=self._clock,
            observer=self._observer,
            max_submissions=settings.max_in_flight,
            max_bytes=settings.max_in_flight_bytes,
        )

    def _reject_store(self) -> RejectStore:
        if self._settings.rejects == "sqs":
            return _RejectQueue(self._settings.rejects_queue, self._base)
        return diskless_reject_store(self._settings, self._base, "lambda", pool=1)

    def _flush(self, end: float) -> None:
        self._base.telemetry.progress.say()
        self._metrics.flush(self._telemetry.facts["function_name"], self._telemetry.facts["request_id"])
        if self._base.tracing is not None:
            left_seconds = end - self._settings.lambda_margin / 4 - self._clock.monotonic()
            self._base.tracing.flush(min(_TRACES_SECONDS, left_seconds))


class _RejectQueue:
    """The store that is a queue, found when there is something for it: at most cold starts there is nothing."""

    def __init__(self, name: str, base: Base) -> None:
        self._name, self._base = name, base
        self._store: RejectStore | None = None

    def store(self, rejects: Sequence[Reject]) -> Sequence[Reject]:
        """See RejectStore."""
        if self._store is None:
            self._store = queue_of_rejects(self._name, self._base, pool=1)
        return self._store.store(rejects)


def _cloud_watch_metrics(clock: SystemClock) -> Any:
    with from_the_extra():
        from event_processor.telemetry.emf import CloudWatchMetrics  # noqa: PLC0415 - an extra
    return CloudWatchMetrics(clock, ErrorCodes())
