"""The latest rejects of a store, read without side effects, and what `check` says about them."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from event_processor.aws.answer_fields import objects
from event_processor.aws.calls import Calls
from event_processor.aws.client_protocols import QueueClient
from event_processor.aws.sqs_batches import BATCH
from event_processor.errors import CallFailed
from event_processor.json_document import Unreadable
from event_processor.rejects.reject import KeptReject
from event_processor.stores.reject_file import opened
from event_processor.stores.reject_packing import ORIGINAL_ATTRIBUTE
from event_processor.stores.reject_queue_archive import kept_reject
from event_processor.submissions.envelopes import envelope_of
from event_processor.submissions.parse import parse
from event_processor.telling import CallObserver

_LATEST: Final = 100
_TAIL_BYTES: Final = 4 * 1024 * 1024


def latest_in_file(path: Path) -> list[KeptReject]:
    """Those at the end of a file; none if there is no file yet. Raises CallFailed."""
    try:
        with opened("read_rejects", path, os.O_RDONLY) as file:
            start = max(0, os.fstat(file).st_size - _TAIL_BYTES)
            lines = os.pread(file, _TAIL_BYTES, start).split(b"\n")
    except CallFailed as failure:
        if failure.code == "ENOENT":
            return []
        raise
    return list(_readable(lines[-_LATEST:]))  # the first may be half a line: it is no reject then


def latest_on_queue(client: QueueClient, queue_url: str, observer: CallObserver) -> list[KeptReject]:
    """A few of those on a queue. They are not hidden meanwhile, but each was received once more. Raises CallFailed."""

    def look() -> list[Any]:
        answer = client.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=1,
            VisibilityTimeout=0,
            MessageAttributeNames=[ORIGINAL_ATTRIBUTE],
        )
        return objects(answer, "Messages")

    messages = Calls(observer, attempts=1).make("receive", look)
    return [kept for kept in map(kept_reject, messages) if kept is not None]


def envelopes_among(rejects: Iterable[KeptReject]) -> Iterator[str]:
    """A warning for each kind of envelope found among these rejects."""
    among = list(rejects)
    found = Counter(filter(None, (envelope_of(_document(kept)) for kept in among)))
    for envelope, number in found.most_common():
        yield f"of the latest {len(among)} rejects {number} came as {envelope.name}: {envelope.advice}"


def _document(kept: KeptReject) -> object:
    """The document received; None if the body was not JSON, or for what has no envelope: events, records of streams."""
    if kept.original is None or kept.event_type is not None or kept.is_record:
        return None
    try:
        return parse(kept.original)
    except Unreadable:
        return None


def _readable(lines: Iterable[bytes]) -> Iterator[KeptReject]:
    for line in lines:
        try:
            yield KeptReject.model_validate_json(line)
        except ValidationError:
            continue
