"""A stream: shards that cover every hash key, their splits and merges, and where a record goes."""

import itertools
import re
from bisect import bisect_right
from dataclasses import dataclass

from local_aws.errors import ACCOUNT_ID
from local_aws.kinesis.errors import invalid_argument, no_shard_id, shard_not_found
from local_aws.kinesis.params import MAX_HASH_KEY
from local_aws.kinesis.shard import NewRecord, Record, Shard

ARN_PREFIX = f"arn:aws:kinesis:us-east-1:{ACCOUNT_ID}:stream/"
RETENTION_HOURS = 24
RETENTION_SECONDS = RETENTION_HOURS * 3600.0
_FIRST_SEQUENCE_NUMBER = 49 * 10**54
"""56 digits, as real ones have."""
_LAST_SHARD_NUMBER = 2**31 - 1
_SHARD_ID = re.compile(r"(?:[^-]*-)?0*([0-9]{1,10})")
"""Its number counts: "0" and "any-0" are shardId-000000000000 (kinesalite's tests, recorded from AWS)."""


@dataclass
class StreamSettings:
    """What a stream was created with; the last two can be changed."""

    on_demand: bool
    max_record_kib: int
    auto_distribution: bool


class Stream:
    """The shards of one stream. ``generation`` rises with every stream created, so that an old iterator is noticed."""

    def __init__(self, name: str, settings: StreamSettings, shard_count: int, generation: int, now: float) -> None:
        self.name = name
        self.arn = ARN_PREFIX + name
        self.settings = settings
        self.tags: dict[str, str] = {}
        self.generation = generation
        self.created_at = now
        self.shards: list[Shard] = []
        self._sequence_numbers = itertools.count(_FIRST_SEQUENCE_NUMBER + generation * 10**30)
        self._round_robin = itertools.count()
        bounds = [(MAX_HASH_KEY + 1) * index // shard_count for index in range(shard_count + 1)]
        for first, end in itertools.pairwise(bounds):
            self._open(first, end - 1, (), now)
        self._index_open_shards()

    @property
    def open_shards(self) -> list[Shard]:
        """The shards that take records, by hash key."""
        return self._open_shards

    def shard(self, shard_id: str) -> Shard:
        """The shard of that id, open or closed. Raises ResourceNotFoundException."""
        number = self._number(shard_id)
        if number >= len(self.shards):
            raise shard_not_found(_shard_id(number), self.name)
        return self.shards[number]

    def readable_shard(self, shard_id: str, now: float) -> Shard:
        """The same, as far as its records are kept. Raises ResourceNotFoundException for one that is gone, too."""
        shard = self.shard(shard_id)
        if shard.was_closed_by(now - RETENTION_SECONDS):
            raise shard_not_found(shard.id, self.name)
        shard.trim(now - RETENTION_SECONDS)
        return shard

    def kept_shards(self, now: float) -> list[Shard]:
        """The shards that are open, or were within the retention."""
        return [shard for shard in self.shards if not shard.was_closed_by(now - RETENTION_SECONDS)]

    def starts_after(self, shard: Shard, shard_id: str) -> bool:
        """Whether the shard comes after that id, which need not be of this stream. Raises ResourceNotFoundException."""
        return shard.id > _shard_id(self._number(shard_id))

    def has_given_out(self, sequence_number: int) -> bool:
        """Whether this stream, or an earlier one, may have given out the number."""
        latest = max(shard.latest_sequence_number for shard in self.shards)
        return _FIRST_SEQUENCE_NUMBER <= sequence_number <= latest

    def children(self, shard: Shard) -> list[Shard]:
        """The shards that were made from this one."""
        return [child for child in self.shards if shard.id in child.parents]

    def route(self, hash_key: int) -> Shard:
        """The open shard for a hash key; any, in turn, under the AUTO distribution strategy."""
        if self.settings.auto_distribution:
            return self._open_shards[next(self._round_robin) % len(self._open_shards)]
        return self._open_shards[bisect_right(self._first_hash_keys, hash_key) - 1]

    def put(self, shard: Shard, record: NewRecord, now: float) -> int:
        """Store a record and return its sequence number. Arrival times never fall, whatever the clock does."""
        number = next(self._sequence_numbers)
        arrived_at = max(now, shard.records[-1].arrived_at) if shard.records else now
        shard.records.append(Record(number, arrived_at, record))
        return number

    def split(self, shard: Shard, hash_key: int, now: float) -> None:
        """Close a shard and open two: the second begins with ``hash_key``. Raises InvalidArgumentException."""
        self._check_open(shard)
        if not shard.first_hash_key < hash_key <= shard.last_hash_key:
            raise invalid_argument(
                f"NewStartingHashKey {hash_key} used in SplitShard() on shard {shard.id} in stream {self.name} under "
                f"account {ACCOUNT_ID} is not both greater than one plus the shard's StartingHashKey "
                f"{shard.first_hash_key} and less than the shard's EndingHashKey {shard.last_hash_key}."
            )
        self._close(shard, now)
        self._open(shard.first_hash_key, hash_key - 1, (shard.id,), now)
        self._open(hash_key, shard.last_hash_key, (shard.id,), now)
        self._index_open_shards()

    def merge(self, shard: Shard, adjacent: Shard, now: float) -> None:
        """Close two neighbours and open one for both ranges. Raises InvalidArgumentException."""
        self._check_open(shard)
        self._check_open(adjacent)
        low, high = sorted((shard, adjacent), key=lambda each: each.first_hash_key)
        if low.last_hash_key + 1 != high.first_hash_key:
            raise invalid_argument(
                f"Shards {shard.id} and {adjacent.id} in stream {self.name} under account {ACCOUNT_ID} are not an "
                "adjacent pair of shards eligible for merging"
            )
        self._close(shard, now)
        self._close(adjacent, now)
        self._open(low.first_hash_key, high.last_hash_key, (shard.id, adjacent.id), now)
        self._index_open_shards()

    def resize(self, target: int, now: float) -> None:
        """Split the widest shards or merge the narrowest neighbours until ``target`` shards are open."""
        while len(self._open_shards) < target:
            widest = max(self._open_shards, key=lambda shard: shard.last_hash_key - shard.first_hash_key)
            self.split(widest, (widest.first_hash_key + widest.last_hash_key + 1) // 2, now)
        while len(self._open_shards) > target:
            pairs = itertools.pairwise(self._open_shards)
            low, high = min(pairs, key=lambda pair: pair[1].last_hash_key - pair[0].first_hash_key)
            self.merge(low, high, now)

    def _open(self, first_hash_key: int, last_hash_key: int, parents: tuple[str, ...], now: float) -> None:
        shard_id = _shard_id(len(self.shards))
        number = next(self._sequence_numbers)
        self.shards.append(Shard(shard_id, first_hash_key, last_hash_key, number, now, parents))

    def _number(self, shard_id: str) -> int:
        found = _SHARD_ID.fullmatch(shard_id)
        if not found or int(found[1]) > _LAST_SHARD_NUMBER:
            raise no_shard_id(shard_id, self.name)
        return int(found[1])

    def _close(self, shard: Shard, now: float) -> None:
        shard.last_sequence_number = next(self._sequence_numbers)
        shard.closed_at = now

    def _check_open(self, shard: Shard) -> None:
        if not shard.is_open:
            raise invalid_argument(
                f"Shard {shard.id} in stream {self.name} under account {ACCOUNT_ID} has already been merged or split, "
                "and thus is not eligible for merging or splitting."
            )

    def _index_open_shards(self) -> None:
        open_shards = [shard for shard in self.shards if shard.is_open]
        self._open_shards = sorted(open_shards, key=lambda shard: shard.first_hash_key)
        self._first_hash_keys = [shard.first_hash_key for shard in self._open_shards]


def _shard_id(number: int) -> str:
    return f"shardId-{number:012}"
