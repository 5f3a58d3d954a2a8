"""The adapters of a transport, put together as in the processor."""

from typing import Final

from benchmarks.backend import Backend
from event_processor.aws.clients import Clients, Location, Transport
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.publishing.stream import Sink
from event_processor.submissions.ports import Source
from event_processor.testing import RecordingObserver

_POLLING: Final = Polling(batch=10, wait_seconds=0, visibility_seconds=600)


def adapters(transport: Transport, backend: Backend) -> tuple[Source, Sink]:
    """Of that transport, on this back end."""
    clients, observer = Clients(Location(backend.endpoint, "us-east-1"), transport), RecordingObserver()
    queue = clients.queue(pool=1)
    source = SqsSource(queue, queue, queue_url(backend), _POLLING, SystemClock(), observer)
    return source, KinesisSink(clients.stream(pool=1), backend.stream_name, observer)


def queue_url(backend: Backend) -> str:
    """Of the queue with the load."""
    sqs = Clients(Location(backend.endpoint, "us-east-1")).sqs(pool=1)
    return sqs.get_queue_url(QueueName=backend.queue_name)["QueueUrl"]
