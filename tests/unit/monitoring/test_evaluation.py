"""How verdicts are counted: by events."""

import random
from math import inf

from event_processor.monitoring.evaluation import (
    Alert,
    Incident,
    Outcome,
    ScoredSeries,
    alerts_of,
    best_threshold,
    folds,
    outcome,
)

HOUR = 3_600
LENGTH = 1_000


def series(high: set[int], incidents: list[tuple[int, int]], name: str = "a", kind: str = "") -> ScoredSeries:
    """Of a thousand hours: scores of 9 in some, of 1 elsewhere."""
    return ScoredSeries(
        name,
        HOUR,
        [place * HOUR for place in range(LENGTH)],
        [9.0 if place in high else 1.0 for place in range(LENGTH)],
        [Incident(start * HOUR, end * HOUR, kind) for start, end in incidents],
    )


def test_what_is_close_together_is_one_alert() -> None:
    """Within six hours of the first; what lasts longer is told again."""
    assert alerts_of(series({200, 206}, []), 5) == [Alert(200 * HOUR, 206 * HOUR)]
    assert len(alerts_of(series({200, 207}, []), 5)) == 2
    assert len(alerts_of(series(set(range(200, 900)), []), 5)) == 100


def test_alerts_and_incidents_are_counted_once_each() -> None:
    """One of two incidents found after three hours, by one of two alerts."""
    found = outcome([series({203, 204, 400}, [(200, 220), (600, 620)], kind="silence")], 5)

    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert found.delay == 3 * HOUR
    assert found.recall_by_kind == {"silence": 0.5}
    assert round(found.false_per_week, 3) == round(1 / (850 / 168), 3)


def test_crying_all_the_time_is_no_merit() -> None:
    """An alert that never ends finds everything, and is nearly always false."""
    found = outcome([series(set(range(LENGTH)), [(500, 501)])], 5)

    assert found.recall == 1
    assert found.precision < 0.02


def test_nothing_counts_while_a_series_warms_up() -> None:
    """Neither alerts nor incidents of the first 15 %."""
    found = outcome([series({10}, [(10, 12)])], 5)

    assert (found.alerts, found.incidents) == (0, 0)


def test_nothing_at_all_is_no_merit_either() -> None:
    """No series, no alerts: zero, not an error."""
    assert outcome([], 5).f1 == 0
    assert outcome([series(set(), [(500, 501)])], 5).f1 == 0
    assert outcome([ScoredSeries("a", 60, [], [], [])], 5).delay is None
    assert best_threshold([]) == 0


def test_the_best_threshold_separates_what_can_be_separated() -> None:
    """Found among 40 shares of the scores."""
    several = [series({500}, [(500, 501)], name) for name in "abc"]

    assert outcome(several, best_threshold(several)).f1 == 1


def test_what_is_certain_has_no_part_in_the_choice_of_a_threshold() -> None:
    """However much of it there is, the threshold separates the rest."""
    one = series({900}, [(900, 901)])
    one = one._replace(scores=[inf if 200 <= place < 500 else score for place, score in enumerate(one.scores)])

    assert 1 <= best_threshold([one]) < 9


def test_folds_are_the_same_each_time_and_hold_each_once() -> None:
    """Whatever the order of the names."""
    assert folds("gfedcba", 3, 1) == folds("abcdefg", 3, 1)
    assert sorted(name for fold in folds("abcdefg", 3, 1) for name in fold) == list("abcdefg")
    assert folds("ab", 5) == [[name] for fold in folds("ab", 5) for name in fold]


def test_noise_finds_nothing_out_of_fold() -> None:
    """A threshold that was chosen on other series cannot make scores of chance look good."""
    chance = random.Random(1)
    noise = [
        series(set(), [(place, place + 1) for place in (300, 700)], str(number))._replace(
            scores=[chance.random() for _ in range(LENGTH)]
        )
        for number in range(10)
    ]

    total = Outcome()
    for held in folds(each.name for each in noise):
        threshold = best_threshold([each for each in noise if each.name not in held])
        for each in noise:
            if each.name in held:
                total.add(each, threshold)
    assert total.f1 < 0.15
