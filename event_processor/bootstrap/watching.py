"""Queue and stream as they are: waited for at the start, and asked now and then while the processor runs."""

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from event_processor.bootstrap.rejects import reject_queue
from event_processor.bootstrap.runtime import Runtime
from event_processor.bootstrap.submissions import all_concerns, make_processor
from event_processor.errors import CallFailed, NotReady
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.submissions.processor import Processor
from event_processor.telemetry.logs import places

_RETRY_SECONDS: Final = 2.0
_WATCH_SECONDS: Final = 15.0
_log = structlog.get_logger("event_processor")


def wait_for_processor(settings: SubmissionsSettings, runtime: Runtime, stop: threading.Event) -> Processor | None:
    """The processor, as soon as queue and stream are there; None if `stop` came first.

    Raises NotReady if no work is possible with them as they are.
    """
    said = ""
    while not stop.is_set():
        try:
            queue = runtime.resources_once.queue(settings.queue_name)
            stream = runtime.resources_once.stream(settings.stream_name)
            if stream.status != "CREATING":
                for concern in all_concerns(settings, queue, stream, reject_queue(settings, runtime)):
                    if concern.fatal:
                        raise NotReady(concern.text)
                    _log.warning("concern", text=concern.text)
                return make_processor(settings, runtime, queue, stream)
            waiting = f"stream {stream.name} to be ACTIVE"
        except CallFailed as error:
            waiting = f"queue {settings.queue_name} and stream {settings.stream_name}: {error}"
        runtime.health.waiting_for(waiting)
        if waiting != said:
            _log.warning("waiting", what=waiting)
            said = waiting
        stop.wait(_RETRY_SECONDS)
    return None


def watch(settings: SubmissionsSettings, runtime: Runtime, processor: Processor, stop: threading.Event) -> None:
    """Ask queue and stream now and then how they are: for the processor, the depth metric, and readiness when idle."""
    while not stop.wait(_WATCH_SECONDS):
        runtime.threads.alive("watch")
        with contextlib.suppress(Exception):
            runtime.telemetry.progress.say()
        _ask(runtime, "queue", partial(_ask_queue, settings, runtime, processor))
        _ask(runtime, "stream", partial(_ask_stream, settings, runtime, processor))
    runtime.threads.done("watch")


def _ask(runtime: Runtime, step: str, question: Callable[[], None]) -> None:
    """Whatever is wrong with an answer is told, and asked again: nothing but the watching depends on it."""
    try:
        question()
        runtime.telemetry.steps.working(step)
    except CallFailed as error:
        runtime.telemetry.steps.failing(step, error)
    except Exception as error:  # noqa: BLE001 - a bug of ours, or an answer that nobody thought of
        runtime.telemetry.steps.failing(
            step, CallFailed(f"read_{step}", type(error).__name__, f"at {places(error)[-1]}")
        )


def _ask_queue(settings: SubmissionsSettings, runtime: Runtime, processor: Processor) -> None:
    queue = runtime.resources.queue(settings.queue_name)
    processor.renew_queue(queue.largest_body_bytes)
    runtime.telemetry.submissions.queue_depth(queue.visible, queue.in_flight, queue.delayed)


def _ask_stream(settings: SubmissionsSettings, runtime: Runtime, processor: Processor) -> None:
    stream = runtime.resources.stream(settings.stream_name)
    processor.renew_stream(stream.record_limit_bytes, stream.shards)
    if stream.ignores_partition_keys:
        raise CallFailed("read_stream", "AUTO", f"stream {stream.name} now ignores partition keys: order is lost")
