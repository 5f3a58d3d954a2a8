"""Shards after any splits and merges: every hash key has exactly one open shard."""

from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.kinesis.params import MAX_HASH_KEY
from local_aws.kinesis.records import hash_of
from local_aws.kinesis.shard import NewRecord
from local_aws.kinesis.stream import Stream, StreamSettings

hash_keys = st.integers(0, MAX_HASH_KEY)


def make_stream(shard_count: int) -> Stream:
    """A provisioned stream."""
    settings_ = StreamSettings(on_demand=False, max_record_kib=1024, auto_distribution=False)
    return Stream("stream", settings_, shard_count, generation=1, now=0.0)


def reshard(stream: Stream, choice: int, hash_key: int) -> None:
    """Splits the shard of a hash key, or merges it with its neighbour, whichever the choice says and can be done."""
    shard = stream.route(hash_key)
    neighbours = [each for each in stream.open_shards if each.first_hash_key == shard.last_hash_key + 1]
    if choice == 0 and shard.first_hash_key < hash_key:
        stream.split(shard, hash_key, now=1.0)
    elif choice == 1 and neighbours:
        stream.merge(shard, neighbours[0], now=1.0)
    elif choice > 1:
        stream.resize(choice, now=1.0)


@settings(max_examples=60, deadline=None)
@given(
    shard_count=st.integers(1, 6),
    changes=st.lists(st.tuples(st.integers(0, 8), hash_keys), max_size=12),
    keys=st.lists(hash_keys, min_size=1, max_size=10),
)
def test_every_hash_key_has_one_open_shard(shard_count: int, changes: list[tuple[int, int]], keys: list[int]) -> None:
    """However a stream was split and merged, its open shards cover every hash key once and routing finds them."""
    stream = make_stream(shard_count)
    for choice, hash_key in changes:
        reshard(stream, choice, hash_key)

    ranges = [(shard.first_hash_key, shard.last_hash_key) for shard in stream.open_shards]
    assert (ranges[0][0], ranges[-1][1]) == (0, MAX_HASH_KEY)
    assert [low for low, _ in ranges[1:]] == [high + 1 for _, high in ranges[:-1]]
    for key in (*keys, *(end for both in ranges for end in both)):
        shard = stream.route(key)
        assert shard.is_open
        assert shard.first_hash_key <= key <= shard.last_hash_key


@settings(max_examples=40, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 4), hash_keys), max_size=8), key=st.text(min_size=1, max_size=20))
def test_children_continue_their_parents(changes: list[tuple[int, int]], key: str) -> None:
    """Read parents first and the sequence numbers of a key rise, through every split and merge."""
    stream = make_stream(2)
    hash_key = hash_of(key.encode(errors="surrogatepass"))
    numbers = []
    for choice, where in [*changes, (0, hash_key)]:
        shard = stream.route(hash_key)
        numbers.append(stream.put(shard, NewRecord("", 0, key, hash_key), now=1.0))
        reshard(stream, choice, where)

    assert sorted(set(numbers)) == numbers
    for shard in stream.shards:
        parents = [stream.shard(parent) for parent in shard.parents]
        assert all((parent.last_sequence_number or 0) < shard.first_sequence_number for parent in parents)
        assert all(shard.holds_sequence_number(record.sequence_number) for record in shard.records)


def test_uneven_resize_stays_within_two() -> None:
    """Scaling to a count that is not a multiple leaves no shard more than twice as wide as another."""
    stream = make_stream(4)
    stream.resize(7, now=1.0)

    widths = [shard.last_hash_key - shard.first_hash_key + 1 for shard in stream.open_shards]
    assert len(widths) == 7
    assert max(widths) <= 2 * min(widths)
