"""A shard's write limits as token buckets: 1,000 records and 1 MiB a second."""

RECORDS_PER_SECOND = 1_000
BYTES_PER_SECOND = 1_048_576


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
