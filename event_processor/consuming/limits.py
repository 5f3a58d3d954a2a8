"""How much a reader of a stream takes at a time."""

from dataclasses import dataclass
from typing import Final

LARGEST_READ_BYTES: Final = 10 * 1024 * 1024
"""The most data that one read brings (API reference, GetRecords)."""


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """`reads_per_second`: of one shard; it gives 5 to all of its readers. `max_bytes`: being read, or in hand.

    `most_waiting`: batches of one shard in hand, so that the next is there when one is done; more for who gathers them.
    `most_room_bytes`: kept free for one read at most; one that brings more goes beyond `max_bytes` by the rest.
    `most_records`: of one read; a shard takes 1,000 a second.
    """

    reads_per_second: float = 2.0
    max_bytes: int = 3 * LARGEST_READ_BYTES
    most_waiting: int = 2
    most_room_bytes: int = LARGEST_READ_BYTES
    most_records: int = 2000
