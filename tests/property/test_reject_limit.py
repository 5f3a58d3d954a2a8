"""The reject limit against the slow and obvious way of counting."""

from hypothesis import given
from hypothesis import strategies as st

from event_processor.submissions.reject_limit import RejectLimit


def is_reached(seen: list[bool], share: float, run: int, window: int) -> bool:
    """Whether a limit is reached by the last of these submissions, each with rejects or without."""
    in_a_row = run > 0 and len(seen) >= run and all(seen[-run:])
    latest = seen[-window:]
    return in_a_row or (share > 0 and len(latest) == window and sum(latest) >= share * window)


@given(
    st.lists(st.booleans(), max_size=60),
    st.sampled_from([0.0, 0.1, 0.5, 0.75, 1.0]),
    st.integers(0, 8),
    st.integers(1, 12),
)
def test_the_limit_is_reached_when_it_is(seen: list[bool], share: float, run: int, window: int) -> None:
    """Receiving ends with the first submission that reaches a limit, for good, and it is told once."""
    limit = RejectLimit(share, run, window)
    told = [limit.count(has_rejects) for has_rejects in seen]

    reached = [is_reached(seen[:end], share, run, window) for end in range(1, len(seen) + 1)]
    assert told == [now and not any(reached[:number]) for number, now in enumerate(reached)]
    assert bool(limit.reached) == any(reached)


@given(st.integers(2, 10), st.integers(1, 20))
def test_old_rejects_are_forgotten(window: int, rounds: int) -> None:
    """A share that stays below the limit never adds up to it, however long the process lives."""
    limit = RejectLimit(1.0, 0, window)

    assert not any(limit.count(has_rejects) for _ in range(rounds) for has_rejects in [True] * (window - 1) + [False])
    assert any(limit.count(True) for _ in range(window))


@given(st.lists(st.booleans(), max_size=200))
def test_no_limit(seen: list[bool]) -> None:
    """Without limits nothing that is rejected ever ends receiving."""
    limit = RejectLimit(0.0, 0, window=5)

    assert not any(limit.count(has_rejects) for has_rejects in seen)
    assert limit.reached == ""


def test_the_reason_names_the_setting() -> None:
    """Whoever is on call reads how many there were, and which setting said that this is too many."""
    row, share = RejectLimit(0.0, 3), RejectLimit(0.5, 0, window=4)
    for limit in (row, share):
        for _ in range(4):
            limit.count(True)

    assert row.reached == "3 submissions in a row had rejects (REJECT_LIMIT_CONSECUTIVE)"
    assert share.reached == "4 of the last 4 submissions had rejects (REJECT_LIMIT_SHARE)"
