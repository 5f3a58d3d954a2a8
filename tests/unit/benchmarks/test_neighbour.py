"""benchmarks.shard_limit.neighbour: another producer on one shard."""

from hashlib import md5

import pytest

from benchmarks.shard_limit.neighbour import key_of_first_shard


@pytest.mark.parametrize("shards", [1, 2, 4, 64])
def test_it_puts_on_the_first_shard_alone(shards: int) -> None:
    """What it takes is missing on one shard and on no other: its key's hash lies in that shard's range."""
    hash_key = int.from_bytes(md5(key_of_first_shard(shards).encode(), usedforsecurity=False).digest())

    assert hash_key * shards < 2**128
