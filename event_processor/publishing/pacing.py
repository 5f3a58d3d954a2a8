"""How much each shard takes now: token buckets, one for each open shard. Pure: whoever asks brings the time.

A shard takes 1,000 records and 1 MiB a second (AWS, quotas of Kinesis). Whoever sends more is refused, and pays for it
with calls; whoever knows the shard of a key sends it just what it takes. A shard may have other producers, so its pace
follows what Kinesis answers: down to what gets through, up again as time goes by.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5
from typing import Final

from event_processor.publishing.stream import Shard

ANY_SHARD: Final = ""  # the shard of every key as long as the shards are not known; it has no limit
_NOTHING_SECONDS: Final = 1e-6  # closer than that, two floats are the same time
_NEARLY_NOTHING: Final = 0.001  # of a record: what comes together within such a time


@dataclass(frozen=True, slots=True)
class Pace:
    """What a shard takes, and how we give way to its other producers.

    We use at most the share `most` of it, since clocks differ. Unused room adds up for `burst_seconds`. What waits for
    a full shard goes on in lots of `lot_seconds`, lest every record become a call of its own.

    If of the last `look_records` sent more than the share `tolerated` was refused, our share of the limit falls to what
    got through, else it grows by `growth`. To tolerate some is to find out how much the others leave, and not to starve
    on a service that refuses at random.
    """

    records_per_second: float = 1000.0
    bytes_per_second: float = 1024.0 * 1024.0
    most: float = 0.99
    least: float = 0.05
    burst_seconds: float = 0.25
    lot_seconds: float = 0.05
    look_records: int = 200
    tolerated: float = 0.2
    growth: float = 0.05


class CallSize:
    """How many bytes one call may carry. A slow way out times out on large calls for ever, and small ones get through.

    Half of what a call carried that brought no answer, down to `least_bytes`; twice as much with each answer.
    """

    def __init__(self, most_bytes: int, least_bytes: int = 64 * 1024) -> None:
        self.size_bytes = self._most_bytes = most_bytes
        self._least_bytes = min(least_bytes, most_bytes)

    def failed(self, carried_bytes: int) -> None:
        """Take less from now on: a call with so many bytes brought no answer."""
        self.size_bytes = max(self._least_bytes, min(self.size_bytes, carried_bytes // 2))

    def answered(self) -> None:
        """Take more again: a call brought an answer, whatever that says of the records."""
        if self.size_bytes < self._most_bytes:
            self.size_bytes = min(self._most_bytes, 2 * self.size_bytes)


class Bucket:
    """What one shard takes: records and bytes that may be sent now."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._share = pace.most
        self._records = self._most_records = pace.burst_seconds * pace.records_per_second
        self._bytes = self._most_bytes = pace.burst_seconds * pace.bytes_per_second
        self._filled_at = float("inf")
        self._sent = self._refused = 0  # since we last looked

    def room_at(self, lanes: int, head_bytes: int, now: float) -> float:
        """When to send something of so many waiting lanes with such a head: `now`, or later."""
        self._fill(now)
        if self._records >= lanes and self._bytes >= lanes * head_bytes:
            return now  # most shards most of the time
        pace = self._pace
        records_per_second, bytes_per_second = (
            self._share * pace.records_per_second,
            self._share * pace.bytes_per_second,
        )
        lot_records = min(lanes, max(1.0, pace.lot_seconds * records_per_second))
        lot_bytes = max(head_bytes, min(lanes * head_bytes, pace.lot_seconds * bytes_per_second))
        wait_seconds = max(
            (lot_records - self._records) / records_per_second,
            (min(lot_bytes, self._most_bytes) - self._bytes) / bytes_per_second,
        )
        return now + wait_seconds if wait_seconds > _NOTHING_SECONDS else now

    @property
    def records(self) -> float:
        """How many records may be sent now."""
        return int(self._records + _NEARLY_NOTHING)

    @property
    def size_bytes(self) -> float:
        """How many bytes may be sent now; the last record may be larger than what is left, which becomes a debt."""
        return self._bytes

    def spend(self, records: int, size_bytes: int) -> None:
        """Take so many records, with bytes of data and keys, out of the bucket."""
        self._records -= records
        self._bytes -= size_bytes
        self._sent += records
        if self._sent >= self._pace.look_records:
            self._look()

    def throttled(self) -> None:
        """Count a record that Kinesis refused since the shard was full."""
        self._refused += 1

    def _fill(self, now: float) -> None:
        if now > self._filled_at:
            used_seconds, pace = (now - self._filled_at) * self._share, self._pace
            self._records = min(self._most_records, self._records + used_seconds * pace.records_per_second)
            self._bytes = min(self._most_bytes, self._bytes + used_seconds * pace.bytes_per_second)
        self._filled_at = now

    def _look(self) -> None:
        refused_share = min(1.0, self._refused / self._sent)
        if refused_share > self._pace.tolerated:
            self._share = max(self._pace.least, self._share * (1.0 - refused_share))
        else:
            self._share = min(self._pace.most, self._share + self._pace.growth)
        self._sent = self._refused = 0


class Boundless(Bucket):
    """Takes everything: of a shard that we do not know we know no limit."""

    def __init__(self) -> None:
        super().__init__(Pace())

    def room_at(self, lanes: int, head_bytes: int, now: float) -> float:  # noqa: ARG002 - a Bucket's
        """Always now."""
        return now

    @property
    def records(self) -> float:
        """Any number."""
        return float("inf")

    @property
    def size_bytes(self) -> float:
        """Any number."""
        return float("inf")

    def spend(self, records: int, size_bytes: int) -> None:
        """Nothing changes."""

    def throttled(self) -> None:
        """Nothing changes: the lane's own back-off is all there is."""


class Pacing:
    """The open shards of a stream, each with its bucket. While none are known, all is `ANY_SHARD`, without limit."""

    def __init__(self, shards: Iterable[Shard] = (), pace: Pace = Pace()) -> None:
        self._pace = pace
        self._boundless = Boundless()
        self._buckets: dict[str, Bucket] = {}
        self.reshard(shards)

    def reshard(self, shards: Iterable[Shard]) -> None:
        """Take the shards that are open now. Those that were open before keep their buckets."""
        ordered = sorted(shards, key=lambda shard: shard.first_hash_key)
        self._shard_ids = [shard.shard_id for shard in ordered]
        self._first_hash_keys = [shard.first_hash_key for shard in ordered]
        self._buckets = {name: self._buckets.get(name) or Bucket(self._pace) for name in self._shard_ids}

    def shard_of(self, partition_key: str) -> str:
        """Where Kinesis will put this key: "an MD5 hash function is used to map partition keys" (API, PutRecords)."""
        if not self._shard_ids:
            return ANY_SHARD
        hash_key = int.from_bytes(md5(partition_key.encode(), usedforsecurity=False).digest())
        return self._shard_ids[max(0, bisect_right(self._first_hash_keys, hash_key) - 1)]

    def bucket(self, shard_id: str) -> Bucket:
        """The bucket of this shard."""
        return self._buckets.get(shard_id, self._boundless)
