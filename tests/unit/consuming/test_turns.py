"""When each shard is read again."""

import pytest

from event_processor.consuming.turns import SHARD_BYTES_PER_SECOND, Turns


def new(*shards: str) -> Turns:
    """At two reads a second; all of these wait."""
    turns = Turns(2.0, lambda: 1.0)
    for shard in shards:
        turns.wait(shard, 0.0)
    return turns


def again(turns: Turns, shard: str) -> float:
    """When a shard that waits again is due."""
    turns.wait(shard, 0.0)
    due = turns.next_at()
    assert due is not None
    assert turns.take(due) == shard
    return due


def test_reads_of_a_shard_are_paced() -> None:
    """So many reads a second, counted from their starts, and no more bytes than the shard gives."""
    turns = new("a")
    assert turns.take(0.0) == "a"
    turns.had("a", 10.0, 100)
    assert again(turns, "a") == 10.5
    turns.had("a", 20.0, 5 * SHARD_BYTES_PER_SECOND)
    assert again(turns, "a") == 25.0


def test_who_is_due_first_is_read_first() -> None:
    """A shard waits once, however often that is said, and not while another one is due before it."""
    turns = new("a", "b", "a")
    assert {turns.take(0.0), turns.take(0.0)} == {"a", "b"}
    assert turns.take(99.0) is None
    assert turns.next_at() is None
    turns.had("a", 2.0, 0)
    turns.had("b", 1.0, 0)
    turns.wait("a", 2.0)
    turns.wait("b", 2.0)

    assert turns.take(1.4) is None
    assert [turns.first(), turns.take(1.5), turns.take(1.5), turns.take(2.5)] == ["b", "b", None, "a"]


def test_a_shard_that_gives_nothing_rests_longer_each_time() -> None:
    """Up to a limit, and from the beginning again when it has given something; no other shard waits for it."""
    turns = new("a", "b")
    turns.take(0.0)
    rests = []
    for _ in range(5):
        turns.rests("a", 100.0)
        rests.append(turns._turns["a"].due - 100.0)
    assert rests == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert turns.take(0.0) == "b"
    turns.had("a", 100.0, 0)
    turns.rests("a", 100.0)
    assert again(turns, "a") == pytest.approx(101.0)
