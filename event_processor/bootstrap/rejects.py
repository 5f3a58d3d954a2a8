"""Where rejects go and come back from, as the settings say."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from event_processor.aws.concerns import Concern
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.resources import QueueProperties, StreamProperties
from event_processor.bootstrap.runtime import Base, Runtime
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed, SettingsError
from event_processor.publishing.publisher import Publisher
from event_processor.rejects.ports import Archive, RejectStore
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.stores.latest_rejects import envelopes_among, latest_in_file, latest_on_queue
from event_processor.stores.reject_file import FileRejects, trial
from event_processor.stores.reject_file_archive import FileArchive
from event_processor.stores.reject_log import LogRejects
from event_processor.stores.reject_queue import SqsRejects
from event_processor.stores.reject_queue_archive import SqsArchive
from event_processor.submissions.replay import Sender

_ARCHIVE_POOL: Final = 4


def reject_queue(settings: SubmissionsSettings, runtime: Runtime) -> QueueProperties | None:
    """The queue of rejects, if that is where they go. Raises CallFailed if it is missing."""
    return runtime.resources_once.queue(settings.rejects_queue) if settings.rejects == "sqs" else None


def reject_store(settings: SubmissionsSettings, runtime: Runtime) -> RejectStore:
    """Where the processor stores rejects. Raises CallFailed if their queue is missing."""
    if settings.rejects == "log":
        return LogRejects()
    if settings.rejects == "file":
        return FileRejects(settings.rejects_file)
    return queue_of_rejects(settings.rejects_queue, runtime, settings.receivers)


def queue_of_rejects(name: str, base: Base, pool: int) -> SqsRejects:
    """The store that is this queue, for so many threads. Raises CallFailed if it is missing."""
    return SqsRejects(
        client=base.clients.queue(pool),
        queue_url=base.resources_once.queue(name).url,
        observer=base.observer,
        limit_bytes=lambda: base.resources.queue(name).largest_body_bytes,
    )


def reject_archive(settings: SubmissionsSettings, runtime: Runtime, *, alone: bool = False) -> Archive:
    """The rejects of the store, to be read back; `alone` for a replay, beside which there must be no other.

    Raises SettingsError, or CallFailed if the queue is missing.
    """
    if settings.rejects == "log":
        raise SettingsError("REJECTS: was 'log', which keeps no originals; allowed here: file, sqs (or use --store)")
    if settings.rejects == "file":
        return FileArchive(settings.rejects_file, alone=alone)
    queue = runtime.resources_once.queue(settings.rejects_queue)
    look = partial(runtime.resources.queue, settings.rejects_queue)
    client = runtime.clients.queue(_ARCHIVE_POOL)
    return SqsArchive(client, queue.url, runtime.observer, queue.max_receive_count, look, alone=alone)


def reject_concerns(settings: SubmissionsSettings, runtime: Runtime) -> Iterator[Concern]:
    """What will hurt about the reject store, and what its latest rejects tell. Raises CallFailed without its queue."""
    if settings.rejects == "file":
        yield from _file_concerns(settings.rejects_file)
    elif settings.rejects == "sqs":
        queue = runtime.resources_once.queue(settings.rejects_queue)
        if queue.max_receive_count is None:  # else a look too many takes rejects away
            yield from _queue_concerns(queue, runtime)


def _file_concerns(path: Path) -> Iterator[Concern]:
    try:
        found = [*trial(path), *envelopes_among(latest_in_file(path))]
    except CallFailed as failure:
        yield Concern(f"REJECTS_FILE cannot be used: {failure}", fatal=True)
        return
    yield from map(Concern, found)


def _queue_concerns(queue: QueueProperties, runtime: Runtime) -> Iterator[Concern]:
    try:
        found = list(envelopes_among(latest_on_queue(runtime.clients.queue(1), queue.url, runtime.observer)))
    except CallFailed as failure:
        if not failure.code.startswith("AccessDenied"):  # the processor need not be allowed to read its rejects
            yield Concern(f"the latest rejects of queue {queue.name} cannot be looked at: {failure}")
        return
    yield from map(Concern, found)


def reject_sender(runtime: Runtime, stream: StreamProperties) -> Sender:
    """What puts rejects on this stream after all."""
    sink = KinesisSink(runtime.clients.stream(1), stream.name, runtime.observer)
    return Sender(sink, Publisher(random.random), SystemClock())
