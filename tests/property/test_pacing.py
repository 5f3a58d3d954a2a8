"""A bucket, whatever is asked of it and when: never more than its rate and what had added up, and never stuck."""

from hypothesis import example, given
from hypothesis import strategies as st

from event_processor.publishing.pacing import Bucket, Pace

PACE = Pace(records_per_second=10.0, bytes_per_second=1000.0, burst_seconds=1.0, lot_seconds=0.2)
Waits = st.sampled_from([0.0, 0.0, 0.01, 0.1, 0.5, 2.0, 30.0])
Demands = st.lists(st.tuples(Waits, st.integers(1, 12), st.integers(2, 400), st.booleans()), max_size=40)


@given(Demands)
@example([(0.0, 12, 2, False), (0.5, 2, 2, False), (30.0, 2, 2, False), (0.0, 12, 2, False)])  # what is left adds up
def test_never_more_than_the_rate_and_what_had_added_up(demands: list[tuple[float, int, int, bool]]) -> None:
    """In any stretch of time a shard is sent no more records and bytes than it takes in it, and one burst."""
    bucket, now, sent = Bucket(PACE), 0.0, list[tuple[float, int]]()
    for wait_seconds, lanes, head_bytes, refused in demands:
        now += wait_seconds
        if bucket.room_at(lanes, head_bytes, now) > now:
            continue
        for _ in range(int(min(lanes, bucket.records))):
            if bucket.size_bytes > 0:
                bucket.spend(1, head_bytes)
                sent.append((now, head_bytes))
                if refused:
                    bucket.throttled()

    for first, (since, _) in enumerate(sent):
        for last in range(first, len(sent)):
            seconds = PACE.burst_seconds + sent[last][0] - since
            assert last + 1 - first <= seconds * PACE.records_per_second + 0.01
            assert sum(size for _, size in sent[first:last]) <= seconds * PACE.bytes_per_second + 0.01


@given(Demands, st.integers(1, 12), st.integers(2, 5000))
def test_what_waits_long_enough_goes(demands: list[tuple[float, int, int, bool]], lanes: int, head_bytes: int) -> None:
    """However much was sent and refused before, there is a time at which the next record may go, and it is told."""
    bucket, now = Bucket(PACE), 0.0
    for wait_seconds, others, size_bytes, refused in demands:
        now += wait_seconds
        if bucket.room_at(others, size_bytes, now) <= now:
            bucket.spend(1, size_bytes)
            if refused:
                bucket.throttled()

    told = bucket.room_at(lanes, head_bytes, now)

    assert bucket.room_at(lanes, head_bytes, told) <= told
    assert bucket.records >= 1
    assert bucket.size_bytes > 0
