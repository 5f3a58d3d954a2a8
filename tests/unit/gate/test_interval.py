"""Limits of a share, held against sums of binomial probabilities."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_processor.gate.interval import MISSED, limits


def at_least(seen: int, cases: int, share: float) -> float:
    """The probability of so many or more."""
    return sum(comb(cases, k) * share**k * (1 - share) ** (cases - k) for k in range(seen, cases + 1))


@given(st.integers(1, 200).flatmap(lambda cases: st.tuples(st.integers(0, cases), st.just(cases))))
def test_limits_are_exact(case: tuple[int, int]) -> None:
    """At each limit what was seen, or more extreme, is as improbable as promised."""
    seen, cases = case
    low, high = limits(seen, cases)

    assert low <= seen / cases <= high
    assert low == 0 if seen == 0 else at_least(seen, cases, low) == pytest.approx(MISSED, rel=1e-6)
    assert high == 1 if seen == cases else 1 - at_least(seen + 1, cases, high) == pytest.approx(MISSED, rel=1e-6)


@pytest.mark.parametrize("cases", [10, 1_000, 100_000, 10_000_000, 1e12])
def test_more_cases_say_more(cases: float) -> None:
    """Limits close in on the share, for any number of cases, and in no time."""
    low, high = limits(cases / 5, cases)

    assert low < 0.2 < high
    assert high - low == pytest.approx(6 * (0.16 / cases) ** 0.5, rel=0.15 if cases < 100 else 0.02)


def test_nothing_was_seen() -> None:
    """No case at all leaves everything possible; a share of what did not happen is taken as none or all."""
    assert limits(0, 0) == (0.0, 1.0)
    assert limits(-1, 10) == limits(0, 10)
    assert limits(11, 10) == limits(10, 10)
