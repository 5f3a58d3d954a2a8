"""Rejects as messages on a diagnostic queue."""

import gzip
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from event_processor.aws.calls import Calls
from event_processor.aws.hot_path import QueueClient
from event_processor.errors import CallFailed
from event_processor.model.reject import Reject
from event_processor.ports import Observer

_BATCH: Final = 10
_BATCH_BYTES: Final = 1024 * 1024  # SendMessageBatch: one message, and all of them together
ORIGINAL_ATTRIBUTE: Final = "original_gzip"

Entry = dict[str, Any]


class SqsRejects:
    """Sends each reject as one message: its JSON, as in the file store.

    An original too large to be sent beside its explanation travels compressed, in the binary attribute
    `original_gzip`, and `original` is null. Text that SQS let in always shrinks enough for that.
    """

    def __init__(self, client: QueueClient, queue_url: str, observer: Observer) -> None:
        self._client, self._queue_url = client, queue_url
        self._calls = Calls(observer)

    def store(self, rejects: Sequence[Reject]) -> int:
        """See RejectStore."""
        for entries in _batches([_entry(reject) for reject in rejects]):
            self._send({str(number): entry for number, entry in enumerate(entries)})
        return len(rejects)

    def _send(self, pending: dict[str, Entry]) -> None:
        def attempt() -> list[Any]:
            entries: Any = [{"Id": entry_id, **entry} for entry_id, entry in pending.items()]
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            for entry in answer.get("Successful", []):
                pending.pop(entry["Id"], None)
            return list(answer.get("Failed", []))

        failed = self._calls.make("store", attempt, unfinished=lambda _: bool(pending))
        if pending:
            first = failed[0] if failed else {}
            raise CallFailed("store", first.get("Code", "Unknown"), first.get("Message", "not named as successful"))


def _entry(reject: Reject) -> Entry:
    body = reject.to_json()
    if len(body) <= _BATCH_BYTES:
        return {"MessageBody": body}
    explanation = json.loads(body) | {"original": None}
    original = {"DataType": "Binary", "BinaryValue": gzip.compress(reject.original.encode())}
    return {"MessageBody": json.dumps(explanation), "MessageAttributes": {ORIGINAL_ATTRIBUTE: original}}


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size_bytes = 0
    for entry in entries:
        if batch and (len(batch) == _BATCH or size_bytes + _size_bytes(entry) > _BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(entry)
        size_bytes += _size_bytes(entry)
    if batch:
        yield batch


def _size_bytes(entry: Entry) -> int:
    attributes = entry.get("MessageAttributes", {})
    extra = sum(len(name) + len("Binary") + len(value["BinaryValue"]) for name, value in attributes.items())
    return len(entry["MessageBody"]) + extra  # the body is ASCII
