"""How much a reader of a stream takes at a time."""

from dataclasses import dataclass

from event_processor.consuming.descent import LARGEST_READ_BYTES, MOST_WAITING


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """`reads_per_second`: of one shard; it gives 5 to all of its readers. `max_bytes`: in hand and not done.

    `most_waiting`: batches of one shard in hand; more than two for who gathers them before they are done.
    `most_room_bytes`: kept free for one read at most; one that brings more goes beyond `max_bytes` by the rest.
    `most_records`: of one read; a shard takes 1,000 a second.
    """

    reads_per_second: float = 2.0
    max_bytes: int = 3 * LARGEST_READ_BYTES
    most_waiting: int = MOST_WAITING
    most_room_bytes: int = LARGEST_READ_BYTES
    most_records: int = 2000
