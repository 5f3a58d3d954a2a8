"""Another producer on the same stream, which fills only one shard."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from itertools import count
from typing import Final, Self

from benchmarks.backend import Backend
from event_processor.aws.clients import Clients, Location

_CALLS_PER_SECOND: Final = 20


class Neighbour:
    """Puts so many records a second on the first of the stream's shards, whatever is refused."""

    def __init__(self, backend: Backend, records_per_second: int) -> None:
        self._client = Clients(Location(backend.endpoint, "us-east-1")).kinesis(pool=1)
        self._key = key_of_first_shard(backend.conditions.shards)
        self._records = records_per_second // _CALLS_PER_SECOND
        self._stream_name = backend.stream_name
        self._over = threading.Event()
        self._thread = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Self:
        self._work = self._thread.submit(self._put)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.shutdown()
        self._work.result()  # raises what ended it early, if anything did

    def _put(self) -> None:
        next_at = time.monotonic()
        while not self._over.wait(max(0.0, next_at - time.monotonic())):
            next_at += 1 / _CALLS_PER_SECOND
            self._client.put_records(
                StreamName=self._stream_name, Records=[{"Data": b"{}", "PartitionKey": self._key}] * self._records
            )


def key_of_first_shard(shards: int) -> str:
    """Kinesis maps keys to shards by their MD5 (API reference, PutRecords)."""
    return next(key for key in map(str, count()) if _hash_key(key) < (1 << 128) // shards)


def _hash_key(key: str) -> int:
    return int.from_bytes(md5(key.encode(), usedforsecurity=False).digest())
