"""A Sink in memory, with the partial failures of PutRecords."""

import json
import threading
from collections.abc import Callable, Sequence
from enum import Enum
from hashlib import md5
from itertools import count
from typing import Any, NamedTuple

from event_processor.errors import CallFailed
from event_processor.publishing.answers import Acknowledged, Answer, Refused
from event_processor.publishing.record import Record
from event_processor.publishing.shards import Shard


class Fate(Enum):
    """What happens to a whole call."""

    ANSWERED = "answered"
    REQUEST_LOST = "request lost"  # nothing is stored
    ANSWER_LOST = "answer lost"  # the records are stored, and nobody is told


class StoredRecord(NamedTuple):
    """A record as a reader of the stream finds it."""

    shard_id: str
    sequence_number: int
    record: Record


class MemoryStream:
    """See Sink. Keys spread over `shards` by MD5, as in Kinesis; sequence numbers rise.

    `refuse` is asked about each record: an error code, or None to store it. `fate` is asked about each call. Both may
    be set anew at any time, and are called by one thread at a time.
    """

    def __init__(
        self,
        shards: int = 1,
        refuse: Callable[[Record], str | None] = lambda _: None,
        fate: Callable[[Sequence[Record]], Fate] = lambda _: Fate.ANSWERED,
    ) -> None:
        self.refuse = refuse
        self.fate = fate
        self._shards = shards
        self._stored: list[StoredRecord] = []
        self._numbers = count(1)
        self._lock = threading.Lock()

    @property
    def stored(self) -> list[StoredRecord]:
        """All records, in the order in which they were stored."""
        with self._lock:
            return list(self._stored)

    def events(self) -> list[dict[str, Any]]:
        """The documents of all records, in that order."""
        return [json.loads(stored.record.data) for stored in self.stored]

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """See Sink."""
        with self._lock:
            fate = self.fate(records)
            if fate is Fate.REQUEST_LOST:
                raise CallFailed("put", "ConnectTimeoutError", "told to fail")
            answers = [self._put(record) for record in records]
        if fate is Fate.ANSWER_LOST:
            raise CallFailed("put", "ReadTimeoutError", "told to lose the answer")
        return answers

    def shards(self) -> list[Shard]:
        """None to be paced by: memory takes all at once."""
        return []

    def _put(self, record: Record) -> Answer:
        error_code = self.refuse(record)
        if error_code is not None:
            return Refused(error_code)
        stored = StoredRecord(self._shard_of(record.partition_key), next(self._numbers), record)
        self._stored.append(stored)
        return Acknowledged(stored.shard_id, stored.sequence_number)

    def _shard_of(self, partition_key: str) -> str:
        hash_key = int.from_bytes(md5(partition_key.encode(), usedforsecurity=False).digest())
        return f"shardId-{hash_key * self._shards >> 128:012d}"
