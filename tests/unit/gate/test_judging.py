"""What the gate makes of figures: surely worse, surely not, or too little to say."""

import re
from dataclasses import replace
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_processor.gate.figures import Figures
from event_processor.gate.interval import MISSED
from event_processor.gate.judging import (
    BUGS_TOLERATED,
    CALLS_TOLERATED,
    LATE_TOLERATED,
    LEAST_LATE_SECONDS,
    REJECTS_TOLERATED,
    RELATIVE,
    Check,
    Verdict,
    Window,
    judge,
    verdict_of,
)
from event_processor.telemetry.run_telemetry import CATALOGUE
from tools.dashboard.panels import REJECT_SHARE_LIMIT

FULL = Window(900, 900)
AGES = {1.0: 0.98, 2.5: 0.99, 5.0: 1.0, inf: 1.0}


def side(submissions: int = 10_000, **more: Any) -> Figures:
    """Replicas that do well."""
    figures = Figures(
        replicas=1,
        submissions=submissions,
        events=5 * submissions,
        calls=submissions,
        ages={bound: share * submissions for bound, share in AGES.items()},
        oldest_unfinished_seconds=1,
        unfinished_limit_seconds=600,
    )
    return replace(figures, **more)


STABLE = side(100_000)


def failed(canary: Figures, stable: Figures = STABLE, window: Window = FULL) -> dict[str, Verdict]:
    """The checks that do not say promote."""
    return {check.name: check.verdict for check in judge(stable, canary, window) if check.verdict != Verdict.PROMOTE}


def verdict(canary: Figures, stable: Figures = STABLE, window: Window = FULL) -> Verdict:
    """Of all checks."""
    return verdict_of(judge(stable, canary, window))


def test_one_that_does_as_well_is_promoted() -> None:
    """All checks say so."""
    assert failed(side()) == {}
    assert verdict(side()) == Verdict.PROMOTE


@pytest.mark.parametrize(
    ("check", "canary"),
    [
        ("order violations", side(order_violations=1)),
        ("bugs", side(bugs=1)),
        ("rejects: invalid_value", side(rejects={"invalid_value": 1_000})),
        ("failed calls", side(failed_calls=500)),
        ("older than 1 s", side(ages={1.0: 5_000, 2.5: 9_900, inf: 10_000})),
        ("longest in hand", side(oldest_unfinished_seconds=301)),
        ("restarts of a replica", side(restarts=2)),
    ],
)
def test_one_that_is_worse_in_a_single_way_is_rolled_back(check: str, canary: Figures) -> None:
    """Each check by itself is enough, and is named."""
    assert failed(canary)[check] == Verdict.ROLL_BACK
    assert verdict(canary) == Verdict.ROLL_BACK


def test_the_order_is_not_weighed_against_anything() -> None:
    """That the stable replicas violate it too is no excuse."""
    assert verdict(side(order_violations=1), side(order_violations=9)) == Verdict.ROLL_BACK


def test_a_bug_that_the_stable_have_as_well_is_not_the_canarys() -> None:
    """A message on which every version fails comes to each of them in turn."""
    assert failed(side(bugs=1), side(100_000, bugs=10)) == {}


def test_a_restart_alone_proves_nothing() -> None:
    """The machine may have been the reason: neither promoted nor rolled back. As many as the stable have are none."""
    assert failed(side(restarts=1)) == {"restarts of a replica": Verdict.NOT_ENOUGH_DATA}
    assert failed(side(restarts=1), side(100_000, restarts=1)) == {}


def test_waiting_for_kinesis_with_all_others_is_not_being_stuck() -> None:
    """What the stable replicas have in hand for as long says that the canary is not the reason."""
    assert failed(side(oldest_unfinished_seconds=400), side(100_000, oldest_unfinished_seconds=390)) == {}


def test_a_single_bad_submission_of_a_few_proves_nothing() -> None:
    """One reject in twenty submissions may be chance: a small canary is not rolled back for it, nor promoted."""
    assert verdict(side(20, rejects={"invalid_value": 1})) == Verdict.NOT_ENOUGH_DATA


def test_nothing_seen_is_no_proof_of_health() -> None:
    """No reject in a few submissions says little, and none at all in none says nothing."""
    assert verdict(side(300)) == Verdict.NOT_ENOUGH_DATA
    assert verdict(side(0, calls=10)) == Verdict.NOT_ENOUGH_DATA


def test_events_of_a_submission_are_not_independent() -> None:
    """Five submissions of a thousand bad events are five cases, not five thousand."""
    crowded = side(1_000, events=5_000_000, rejects={"invalid_value": 5_000})

    assert verdict(crowded) == Verdict.NOT_ENOUGH_DATA


def test_a_reason_that_got_rarer_does_not_hide_one_that_got_more_frequent() -> None:
    """Reasons are compared one by one."""
    stable = side(100_000, rejects={"a": 25_000})
    canary = side(rejects={"b": 2_500})

    assert failed(canary, stable) == {"rejects: b": Verdict.ROLL_BACK}


def test_a_share_that_is_usual_is_tolerated() -> None:
    """Four percent of rejects on both sides, and a fifth more, are not the canary's fault."""
    stable = side(1_000_000, rejects={"a": 200_000})

    assert failed(side(200_000, rejects={"a": 48_000}), stable) == {}


def test_late_is_what_is_late_for_the_stable() -> None:
    """Where a busy queue makes most of them wait for two seconds, two seconds are not late; below one, none is."""
    busy = {1.0: 0.1, 2.5: 0.95, inf: 1.0}
    stable = side(100_000, ages={bound: share * 100_000 for bound, share in busy.items()})
    canary = side(ages={bound: share * 10_000 for bound, share in busy.items()})

    assert failed(canary, stable) == {}
    assert (
        failed(side(ages={0.1: 0, 1.0: 10_000, inf: 10_000}), side(ages={0.1: 10_000, 1.0: 10_000, inf: 10_000})) == {}
    )


@pytest.mark.parametrize(
    ("stable", "canary", "window"),
    [
        (STABLE, side(replicas=0), FULL),
        (side(replicas=0), side(), FULL),
        (STABLE, side(), Window(899, 900)),
        (STABLE, side(missing=["order_violations_total"]), FULL),
        (replace(STABLE, missing=["order_violations_total"]), side(), FULL),
    ],
)
def test_both_must_have_been_watched_for_as_long_as_asked(stable: Figures, canary: Figures, window: Window) -> None:
    """A canary that is not there, not for long enough, or not wholly seen, is not promoted, however good it looks."""
    assert failed(canary, stable, window) == {"replicas watched": Verdict.NOT_ENOUGH_DATA}


def test_what_is_surely_worse_is_not_watched_any_longer() -> None:
    """Rolling back does not wait for the minutes to be over."""
    assert verdict(side(bugs=1), window=Window(30, 900)) == Verdict.ROLL_BACK


def test_reasons_are_in_words() -> None:
    """Who reads the table sees numbers of both sides and the tolerance."""
    [check] = [each for each in judge(STABLE, side(rejects={"a": 1_000}), FULL) if each.name == "rejects: a"]

    assert check == Check(
        "rejects: a",
        "0 % of 100,000",
        "2 % of 10,000",
        Verdict.ROLL_BACK,
        "+1.61 to +2.46 percentage points; +0.50 are tolerated",
    )


_counts = st.integers(0, 5_000)


@given(_counts, _counts, st.integers(1, 5_000), st.integers(1, 5_000))
def test_more_rejects_never_look_better(few: int, more: int, submissions: int, others: int) -> None:
    """With all else equal, the verdict on the one with more of them is never the kinder."""
    kindness = [Verdict.ROLL_BACK, Verdict.NOT_ENOUGH_DATA, Verdict.PROMOTE]
    few, more = sorted((few, more))
    stable = side(others, rejects={"a": others // 10})

    def judged(rejects: int) -> int:
        canary = side(submissions, events=5_000 + submissions, rejects={"a": rejects})
        return kindness.index(verdict(canary, stable))

    assert judged(more) <= judged(few)


@given(st.integers(0, 100_000), st.integers(0, 10**7))
def test_any_figures_get_a_verdict(submissions: int, rejects: int) -> None:
    """Counts that do not fit each other, as scrapes at different moments bring them, are judged without an error."""
    odd = side(submissions, rejects={"a": rejects}, failed_calls=rejects, bugs=rejects, ages={1.0: rejects, inf: 1})

    assert isinstance(verdict(odd, odd), Verdict)
    assert isinstance(verdict(odd, Figures()), Verdict)
    assert isinstance(verdict(Figures(), odd), Verdict)


@pytest.mark.parametrize("submissions", [5, 50, 500, 5_000])
@pytest.mark.parametrize("share", [0.0, 0.002, 0.05, 0.5])
def test_an_equal_one_is_not_rolled_back_by_chance(submissions: int, share: float) -> None:
    """Of sixty canaries that are exactly as good as the others, chance condemns none, and most large ones pass."""
    chance = Random(1)

    def drawn(number: int) -> Figures:
        bad = sum(chance.random() < share for _ in range(number))
        return side(number, events=number, rejects={"a": bad})

    stable = drawn(20_000)
    verdicts = [verdict(drawn(submissions), stable) for _ in range(60)]

    assert Verdict.ROLL_BACK not in verdicts
    if submissions == 5_000 and share <= 0.002:
        assert verdicts.count(Verdict.PROMOTE) >= 57


def test_the_page_says_what_the_rules_are() -> None:
    """Tolerances, minutes and the number of cases in docs/deploying.md are those of the code."""
    page = " ".join((Path(__file__).parents[3] / "docs" / "deploying.md").read_text().split())
    section = page[page.index("## The gate") :]

    for said in (
        f"over {100 * BUGS_TOLERATED:g} % of submissions more",
        f"over {100 * REJECTS_TOLERATED:g} % of events more",
        f"over {100 * CALLS_TOLERATED:g} % of calls more",
        f"over {100 * LATE_TOLERATED:g} % of submissions more are late",
        f"at least {LEAST_LATE_SECONDS:g} s",
        f"with 4 % of rejects everywhere, {100 * (REJECTS_TOLERATED + RELATIVE * 0.04):g} % more are tolerated",
        f"missed once in {1 / (2 * MISSED):.0f} times",
    ):
        assert said in section
    assert "a canary passes after about 1,320 submissions" in section
    assert (verdict(side(1_310)), verdict(side(1_320))) == (Verdict.NOT_ENOUGH_DATA, Verdict.PROMOTE)
    assert REJECTS_TOLERATED == REJECT_SHARE_LIMIT / 10
    known = {spec.name for spec in CATALOGUE} | {"process_start_time_seconds"}
    named = set(re.findall(r"`([a-z_]+_(?:total|seconds))\b", section))
    assert len(named) > 8
    assert named <= known
