"""A shard of the stream."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """An open shard, and the first of the hash keys that it holds: those up to the next one's first."""

    shard_id: str
    first_hash_key: int
