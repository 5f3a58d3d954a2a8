"""The requests: page events of Segment under many keys, one at a time or in batches, whole with their heads."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from benchmarks.verdicts.__main__ import VALID

BATCH: Final = 100
_KEYS: Final = 10_000  # more than are ever in hand, so that nobody waits for another record of the same key


@cache
def requests(batch: int) -> list[bytes]:
    """With so many records each; all keys come once before one comes again."""
    bodies = _one_each() if batch == 1 else _batches(batch)
    path = b"/streams/events/record" if batch == 1 else b"/streams/events/records"
    return [_request(path, body) for body in bodies]


def _one_each() -> Iterator[bytes]:
    for key in range(_KEYS):
        yield b'{"Data":%s,"PartitionKey":"device-%d"}' % (VALID, key)


def _batches(batch: int) -> Iterator[bytes]:
    for first in range(0, _KEYS, batch):
        each = (b'{"data":%s,"partition-key":"device-%d"}' % (VALID, first + number) for number in range(batch))
        yield b'{"records":[%s]}' % b",".join(each)


def _request(path: bytes, body: bytes) -> bytes:
    head = b"PUT %s HTTP/1.1\r\nHost: door\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (path, len(body)) + body
