"""At the start: queue and stream may come later than the processor."""

import threading
from typing import Final

import structlog

from event_processor.aws.resources import QueueProperties, StreamProperties
from event_processor.bootstrap.rejects import reject_queue
from event_processor.bootstrap.runtime import Runtime
from event_processor.bootstrap.submissions import all_concerns, make_processor
from event_processor.errors import CallFailed, NotReady
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.submissions.processor import Processor

_RETRY_SECONDS: Final = 2.0
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
                _tell_concerns(settings, queue, stream, reject_queue(settings, runtime))
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


def _tell_concerns(
    settings: SubmissionsSettings, queue: QueueProperties, stream: StreamProperties, rejects: QueueProperties | None
) -> None:
    for concern in all_concerns(settings, queue, stream, rejects):
        if concern.fatal:
            raise NotReady(concern.text)
        _log.warning("concern", text=concern.text)
