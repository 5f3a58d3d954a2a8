"""Token buckets of keys: never more than the rate for long, and never longer to wait than was said."""

from hypothesis import given
from hypothesis import strategies as st

from event_processor.gateway.keys import Bucket

RATES = st.floats(0.01, 1e6)
REQUESTS = st.lists(st.tuples(st.floats(0, 100), st.integers(1, 500)), min_size=1, max_size=50)


@given(RATES, REQUESTS)
def test_what_passes_is_bounded_by_the_rate(rate: float, requests: list[tuple[float, int]]) -> None:
    """Between any two requests that pass no more has passed than a second's worth, the time's worth and one request."""
    bucket, now = Bucket(rate, 0.0), 0.0
    passed: list[tuple[float, int]] = []
    for seconds, records in requests:
        now += seconds
        if not bucket.take(records, now):
            passed.append((now, records))
    for first, (since, _) in enumerate(passed):
        for last in range(first, len(passed)):
            until, latest = passed[last]
            before = sum(records for _, records in passed[first:last])
            assert before <= (max(1.0, rate) + (until - since) * rate) * (1 + 1e-9) + 1e-6
            assert latest <= 500


@given(RATES, REQUESTS)
def test_whoever_waits_as_told_passes(rate: float, requests: list[tuple[float, int]]) -> None:
    """A refusal takes nothing, and says after how long a request passes: then it does, and not much earlier."""
    bucket, now = Bucket(rate, 0.0), 0.0
    for seconds, records in requests:
        now += seconds
        wait = bucket.take(records, now)
        if wait:
            assert bucket.wait_seconds(now) == wait
            assert bucket.wait_seconds(now + wait / 2) > 0
            now += wait * (1 + 1e-9)
            assert bucket.take(records, now) == 0


@given(RATES)
def test_whoever_keeps_to_the_rate_always_passes(rate: float) -> None:
    """A record each 1/rate seconds is never refused."""
    bucket = Bucket(rate, 0.0)

    assert not any(bucket.take(1, n / rate) for n in range(200))
