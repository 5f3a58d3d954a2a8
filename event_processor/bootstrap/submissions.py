"""The job `run`: the processor of a queue and a stream, and what will hurt it there."""

import random
from collections.abc import Iterator
from typing import Final

from event_processor.aws.clients import ANSWER_SECONDS
from event_processor.aws.concerns import Concern, concerns, holding_concerns, size_concerns
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.resources import QueueProperties, StreamProperties
from event_processor.aws.sqs import Polling, SqsSource
from event_processor.bootstrap.rejects import reject_store
from event_processor.bootstrap.runtime import Runtime
from event_processor.clock import SystemClock
from event_processor.publishing.publisher import Publisher
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.submissions.extensions import PARALLEL_CALLS, answer_seconds
from event_processor.submissions.limits import Limits
from event_processor.submissions.processor import Processor
from event_processor.submissions.written_event import RecordRules

_OTHER_QUEUE_CALLS: Final = PARALLEL_CALLS + 2  # beside deletes: extensions, and releases after failures
WAVES_IN_FLIGHT: Final = 2  # measured: more bring nothing (benchmarks/age/README.md)


def make_processor(
    settings: SubmissionsSettings, runtime: Runtime, queue: QueueProperties, stream: StreamProperties
) -> Processor:
    """The processor of this queue and this stream. Raises CallFailed if the reject queue is missing."""
    clock = SystemClock()
    reject_share, reject_run = settings.reject_limits
    source = SqsSource(
        waiting=runtime.clients.queue(settings.receivers, settings.wait_time),
        client=runtime.clients.queue(
            settings.receivers + _OTHER_QUEUE_CALLS,
            answer_seconds=min(ANSWER_SECONDS, answer_seconds(settings.visibility_timeout)),
        ),
        queue_url=queue.url,
        polling=Polling(settings.batch_size, settings.wait_time, settings.visibility_timeout, settings.tracing),
        clock=clock,
        observer=runtime.observer,
    )
    return Processor(
        source=source,
        sink=KinesisSink(runtime.clients.stream(WAVES_IN_FLIGHT + 1), stream.name, runtime.observer),
        rejects=reject_store(settings, runtime, "run", settings.receivers),
        publisher=Publisher(random.random),
        rules=RecordRules(settings.partition_key, stream.record_limit_bytes, runtime.event_types),
        limits=Limits(
            max_submissions=settings.max_in_flight,
            max_bytes=settings.max_in_flight_bytes,
            receive_batch=settings.batch_size,
            largest_body_bytes=queue.largest_body_bytes,
            visibility_seconds=settings.visibility_timeout,
            grace_seconds=settings.shutdown_grace,
            receivers=settings.receivers,
            waves_in_flight=WAVES_IN_FLIGHT,
            reject_share=reject_share,
            reject_run=reject_run,
            deleters=settings.receivers,
            keepers=settings.receivers,
        ),
        clock=clock,
        observer=runtime.observer,
        record_limit=lambda: runtime.resources.stream(stream.name).record_limit_bytes,
    )


def all_concerns(
    settings: SubmissionsSettings, queue: QueueProperties, stream: StreamProperties, rejects: QueueProperties | None
) -> Iterator[Concern]:
    """What will hurt, or make the work impossible; `rejects` is the queue of rejects, if that is where they go."""
    yield from concerns(queue, stream, settings.visibility_timeout)
    yield from holding_concerns(settings.max_in_flight, settings.visibility_timeout)
    if rejects:
        yield from size_concerns(queue, rejects)
