"""A shard's limits as token buckets: 1,000 records and 1 MiB a second written, 5 reads and 2 MiB a second read."""

RECORDS_PER_SECOND = 1_000
BYTES_PER_SECOND = 1_048_576
READS_PER_SECOND = 5
READ_BYTES_PER_SECOND = 2 * 1_048_576


class ShardBudget:
    """What a shard may still take. It holds one second's worth, so a burst of one second passes."""

    def __init__(self) -> None:
        self._records = float(RECORDS_PER_SECOND)
        self._bytes = float(BYTES_PER_SECOND)
        self._filled_at = 0.0

    def take(self, size_bytes: int, now: float) -> bool:
        """Take one record of this size at this time, or answer False.

        A record above 1 MiB passes when the bucket is full and leaves a debt, as "Large records" in the Kinesis guide
        describes: bursts are allowed, the average is not raised.
        """
        # A clock that jumps back must not empty the bucket.
        elapsed = max(0.0, now - self._filled_at)
        self._filled_at = now
        self._records = min(RECORDS_PER_SECOND, self._records + elapsed * RECORDS_PER_SECOND)
        self._bytes = min(BYTES_PER_SECOND, self._bytes + elapsed * BYTES_PER_SECOND)
        if self._records < 1 or self._bytes < min(size_bytes, BYTES_PER_SECOND):
            return False
        self._records -= 1
        self._bytes -= size_bytes
        return True


class ReadBudget:
    """What a shard may still give, to all readers together: a second's worth, so a burst of one second passes.

    A read of more than that passes and leaves a debt: "if a call to GetRecords returns 10 MiB, subsequent calls made
    within the next 5 seconds throw an exception" (GetRecords in the Kinesis API reference).
    """

    def __init__(self) -> None:
        self._reads = float(READS_PER_SECOND)
        self._bytes = float(READ_BYTES_PER_SECOND)
        self._filled_at = 0.0

    def take(self, now: float) -> bool:
        """Take one read at this time, or answer False; ``spend`` follows."""
        elapsed = max(0.0, now - self._filled_at)
        self._filled_at = now
        self._reads = min(READS_PER_SECOND, self._reads + elapsed * READS_PER_SECOND)
        self._bytes = min(READ_BYTES_PER_SECOND, self._bytes + elapsed * READ_BYTES_PER_SECOND)
        if self._reads < 1 or self._bytes <= 0:
            return False
        self._reads -= 1
        return True

    def spend(self, size_bytes: int) -> None:
        """Take what the read brought out of the bucket."""
        self._bytes -= size_bytes
