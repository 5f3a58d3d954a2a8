"""benchmarks.age: percentiles of what was measured, and the bound they are held to."""

import pytest

from benchmarks.age.__main__ import cases, round_trips, target
from benchmarks.age.cases import Ages, Case, summary
from benchmarks.run import TRANSPORTS, Window

CASE = Case("lean", latency_seconds=0.02, receivers=16)
WINDOW = Window(
    seconds=1.0,
    events=1000,
    submissions=200,
    held=10,
    throttled=0,
    calls={"PutRecords": 10},
    cpu_seconds=0.1,
    backend_cpu_seconds=0.1,
    peak_bytes=1,
)


def aged(p99_seconds: float) -> Ages:
    """A run with such a 99th percentile."""
    return Ages(2000.0, WINDOW, 0.1, p99_seconds, 1.0)


def test_the_slowest_hundredth_is_what_the_percentile_leaves_out() -> None:
    """One slow submission in a hundred shows as the maximum, not as the p99; a second one does."""
    one = summary(2000.0, WINDOW, [0.1] * 99 + [5.0, 0.1])
    two = summary(2000.0, WINDOW, [0.1] * 99 + [5.0, 5.0])

    assert (one.p50_seconds, one.p99_seconds, one.max_seconds) == pytest.approx((0.1, 0.1, 5.0))
    assert two.p99_seconds == pytest.approx(5.0)


def test_ages_are_told_in_calls_of_that_latency() -> None:
    """An age is comparable between a near and a far region."""
    assert round_trips(CASE, [aged(0.12), aged(0.18), aged(0.4)]).median == pytest.approx(9)


@pytest.mark.parametrize(("p99_seconds", "met"), [(0.199, True), (0.2, False)])
def test_the_target_is_a_p99_under_ten_round_trips(p99_seconds: float, met: bool) -> None:
    """Ten are not under ten."""
    assert target(CASE, [aged(p99_seconds)]).met is met


def test_both_transports_are_measured_near_and_far() -> None:
    """The target holds for either, at 5 and at 20 ms."""
    assert {(case.transport, case.latency_seconds) for case in cases()} == {
        (transport, seconds) for transport in TRANSPORTS for seconds in (0.005, 0.02)
    }
