"""Where rejects go and come back from, as the settings say."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from event_processor.aws.clients import Clients
from event_processor.aws.concerns import Concern
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.provisioning import Provisioner
from event_processor.aws.resources import QueueProperties, StreamProperties
from event_processor.bootstrap.runtime import AwsParts, Runtime
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed, SettingsError
from event_processor.publishing.publisher import Publisher
from event_processor.rejects.ports import Archive, RejectStore
from event_processor.rejects.replay import Sender
from event_processor.settings.shared import FunctionSettings, WorkerRejectSettings
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.stores.latest_rejects import envelopes_among, latest_in_file, latest_on_queue
from event_processor.stores.objects import Objects
from event_processor.stores.objects_bucket import BucketObjects
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.stores.reject_file import FileRejects, trial
from event_processor.stores.reject_file_archive import FileArchive
from event_processor.stores.reject_lake import FOLDER, LakeRejects
from event_processor.stores.reject_lake_archive import LakeArchive
from event_processor.stores.reject_log import LogRejects
from event_processor.stores.reject_queue import SqsRejects
from event_processor.stores.reject_queue_archive import SqsArchive
from event_processor.telling import CallObserver, FanOut

_ARCHIVE_POOL: Final = 4


def reject_queue(settings: SubmissionsSettings, runtime: Runtime) -> QueueProperties | None:
    """The queue of rejects, if that is where they go. Raises CallFailed if it is missing."""
    return runtime.resources_once.queue(settings.rejects_queue) if settings.rejects == "sqs" else None


def reject_store(settings: WorkerRejectSettings, base: AwsParts[Any], job: str, pool: int) -> RejectStore:
    """Where this job's rejects go, with so many threads. Raises CallFailed if their queue is missing."""
    if settings.rejects == "file":
        return FileRejects(settings.rejects_file)
    return diskless_reject_store(settings, base, job, pool)


def diskless_reject_store(
    settings: FunctionSettings | WorkerRejectSettings, base: AwsParts[Any], job: str, pool: int
) -> RejectStore:
    """The same for where there are no files: in a Lambda function."""
    if settings.rejects == "log":
        return LogRejects()
    if settings.rejects == "lake":
        return LakeRejects(lake(settings.lake, lambda: base, pool), job)
    return queue_of_rejects(settings.rejects_queue, base, pool)


def provision_rejects(settings: WorkerRejectSettings, clients: Clients, provisioner: Provisioner) -> Iterator[str]:
    """Make the queue or the lake that is missing; a line for it. Raises CallFailed."""
    if settings.rejects == "sqs":
        yield provisioner.queue(settings.rejects_queue)
    elif settings.rejects == "lake":
        yield provision_lake(settings.lake, clients, provisioner)


def provision_lake(setting: str, clients: Clients, provisioner: Provisioner) -> str:
    """Make the folder or the bucket of LAKE if it is missing, and say so. Raises CallFailed."""
    kind, _, place = setting.partition(":")
    bucket = place.removeprefix("//").partition("/")[0]
    return provision_folder(place) if kind == "dir" else provisioner.bucket(clients.s3(pool=1), bucket)


def provision_folder(place: str) -> str:
    """Make it if it is missing, and say so."""
    was_there = Path(place).is_dir()
    Path(place).mkdir(parents=True, exist_ok=True)
    return f"folder  {place}: {'already exists' if was_there else 'created'}"


def lake(setting: str, base: Callable[[], AwsParts[Any]], pool: int) -> Objects:
    """The objects of LAKE, for so many threads. A folder needs nothing of AWS."""
    if setting.startswith("dir:"):
        return lake_of(setting, lambda: base().clients, FanOut(), pool)
    return lake_of(setting, lambda: base().clients, base().observer, pool)


def lake_of(setting: str, clients: Callable[[], Clients], observer: CallObserver, pool: int) -> Objects:
    """The same for who has no more of AWS than clients."""
    kind, _, place = setting.partition(":")
    if kind == "dir":
        return DirectoryObjects(Path(place))
    bucket, _, prefix = place.removeprefix("//").partition("/")
    return BucketObjects(clients().s3(pool), bucket, prefix.rstrip("/"), observer)


def queue_of_rejects(name: str, base: AwsParts[Any], pool: int) -> SqsRejects:
    """The store that is this queue, for so many threads. Raises CallFailed if it is missing."""
    return SqsRejects(
        client=base.clients.queue(pool),
        queue_url=base.resources_once.queue(name).url,
        observer=base.observer,
        limit_bytes=lambda: base.resources.queue(name).largest_body_bytes,
    )


def reject_archive(settings: SubmissionsSettings, make: Callable[[], Runtime], *, alone: bool = False) -> Archive:
    """The rejects of the store, to be read back; `alone` for a replay, beside which there must be no other.

    A file and a folder need nothing of AWS, so the runtime is made only for others.
    Raises SettingsError, or CallFailed if the queue is missing.
    """
    if settings.rejects == "log":
        raise SettingsError(
            "REJECTS: was 'log', which keeps no originals; allowed here: file, sqs, lake (or use --store)"
        )
    if settings.rejects == "file":
        return FileArchive(settings.rejects_file, alone=alone)
    if settings.rejects == "lake":
        return LakeArchive(lake(settings.lake, make, _ARCHIVE_POOL), alone=alone)
    runtime = make()
    queue = runtime.resources_once.queue(settings.rejects_queue)
    look = partial(runtime.resources.queue, settings.rejects_queue)
    client = runtime.clients.queue(_ARCHIVE_POOL)
    return SqsArchive(client, queue.url, runtime.observer, queue.max_receive_count, look, alone=alone)


def reject_concerns(settings: WorkerRejectSettings, runtime: AwsParts[Any]) -> Iterator[Concern]:
    """What will hurt about the reject store, and what its latest rejects tell. Raises CallFailed without its queue."""
    if settings.rejects == "file":
        yield from _file_concerns(settings.rejects_file)
    elif settings.rejects == "lake":
        yield from _lake_concerns(settings, runtime)
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


def _lake_concerns(settings: WorkerRejectSettings, runtime: AwsParts[Any]) -> Iterator[Concern]:
    """An object that is put again and again: there is no other way to see whether rejects can be stored."""
    try:
        lake(settings.lake, lambda: runtime, pool=1).put(f"{FOLDER}/trial", b"")
    except CallFailed as failure:
        yield Concern(f"LAKE cannot be used: {failure}", fatal=True)


def _queue_concerns(queue: QueueProperties, runtime: AwsParts[Any]) -> Iterator[Concern]:
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
