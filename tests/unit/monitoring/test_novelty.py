"""How new something is for a series: by what that series did before."""

import math
import random

from event_processor.monitoring.features import FEATURES
from event_processor.monitoring.history import History, Seen
from tests.shown_features import shown

HOUR = 3_600
NOVELTY = FEATURES.index("novelty")


def test_what_a_series_does_again_and_again_is_nothing_new() -> None:
    """The fifth spike of the same height is not, and one that is ten times as high is."""
    values = [1e6 if hour == 499 else 1e5 if hour % 97 == 96 else 100.0 + hour % 7 for hour in range(500)]
    seen = shown(HOUR, [(hour * HOUR, value, 0) for hour, value in enumerate(values)])
    found = {hour: each[NOVELTY] for hour, each in enumerate(seen) if each}

    assert found[96] > 3
    assert found[484] < 0.5
    assert found[499] > 0.1


def test_what_is_usual_at_another_hour_is_nothing_new() -> None:
    """At noon's value by night the rule is surprised, and novelty is not: models are shown both."""
    chance = random.Random(1)
    values = [1_000 + 800 * math.sin(hour / 24 * 2 * math.pi) + chance.gauss(0, 20) for hour in range(500)]
    values[498] = 1_800.0
    *_, seen, _ = shown(HOUR, [(hour * HOUR, value, 0) for hour, value in enumerate(values)])

    assert seen[FEATURES.index("rule")] > 3
    assert seen[NOVELTY] < 0


def test_what_was_labelled_leaves_later_ones_as_new_as_the_first() -> None:
    """An incident that somebody labelled does not hide the next."""
    history = History(HOUR)
    for hour in range(10):
        history.put(hour, hour * HOUR, 1.0, 0, 0, Seen(0.0, 0.0, 5.0 if hour == 5 else 0.5))
    assert history.peaks[9] > 4

    history.leave_out(lambda start: start == 5 * HOUR)

    assert history.peaks[9] < 1


def test_a_bucket_that_comes_late_counts_from_then_on() -> None:
    """As if it had come in time."""
    history = History(HOUR)
    for hour in (0, 1, 3):
        history.put(len(history), hour * HOUR, 1.0, 0, 0, Seen(0.0, 0.0, 0.5))
    history.put(2, 2 * HOUR, 1.0, 0, 0, Seen(0.0, 0.0, 5.0))

    assert history.peaks[1] < 1
    assert history.peaks[3] > 4
