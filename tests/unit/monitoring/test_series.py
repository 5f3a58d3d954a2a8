"""The verdicts on one series: what is found, what is left alone, and what is said of it."""

import json
import math
import random
from collections.abc import Iterable, Sequence

import pytest

from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.finding import Finding, value_words
from event_processor.monitoring.series import Evaluation, Series

RECORDS = SeriesId("page_views", "records")
NULLS = SeriesId.of("page_views", "null_ratio", column="url")
LAG = SeriesId("page_views", "lag_seconds")
MONDAY = 1795392000  # 2026-11-23 00:00 UTC
MINUTE = 60
DAY = 86_400


def fed(
    series: SeriesId,
    values: Iterable[float | None],
    *,
    seconds: int = MINUTE,
    n: int | None = None,
    since: int = MONDAY,
    into: Series | None = None,
) -> tuple[Series, list[Evaluation]]:
    """A series that has seen these, and its verdicts. `n` is the value itself unless given."""
    state, found = into or Series(series, seconds), []
    for place, value in enumerate(values):
        records = int(value or 0) if n is None else n
        evaluation = state.evaluate(Metric(series, since + place * seconds, seconds, value, records))
        assert evaluation is not None
        found.append(evaluation)
    return state, found


def noisy(level: float, spread: float, count: int, seed: int = 1) -> list[float]:
    """Whole numbers around a level."""
    chance = random.Random(seed)
    return [float(round(chance.gauss(level, spread))) for _ in range(count)]


def findings(evaluations: Sequence[Evaluation]) -> list[Finding]:
    """Those that are."""
    return [each.finding for each in evaluations if each.finding]


def after(
    series: SeriesId, usual: Sequence[float | None], then: Sequence[float | None], n: int | None = None
) -> list[Finding]:
    """What is found of the last ones; of those before, nothing."""
    state, before = fed(series, usual, n=n)
    assert not findings(before)
    return findings(fed(series, then, n=n, since=MONDAY + len(usual) * MINUTE, into=state)[1])


def test_a_finding_quotes_the_very_bucket() -> None:
    """Value, expected and band in the value's own units, the time, and what it is compared with."""
    (found,) = after(RECORDS, noisy(812, 25, 604), [3.0])

    assert found.detector == "baseline"
    assert found.severity == "critical"
    assert found.value == 3
    assert found.bucket_start == MONDAY + 604 * MINUTE
    assert found.expected is not None
    assert found.low is not None
    assert found.high is not None
    assert 790 < found.expected < 830
    assert 600 < found.low < 800
    assert 830 < found.high < 1_100
    assert found.reasons[0].startswith("3 records in the minute from 2026-11-23 10:04 UTC; expected 8")
    assert f"({found.low:,.0f} to {found.high:,.0f}): far below" in found.reasons[0]
    assert any("In the 24 buckets before it was 8" in reason for reason in found.reasons)


def test_until_there_is_history_it_says_so() -> None:
    """Fifteen points: warming up, 15 of 30, no band and no finding of the baseline."""
    _, found = fed(RECORDS, [*noisy(800, 20, 15), 5_000.0])

    assert [each.warming for each in found[-2:]] == [(14, 30), (15, 30)]
    assert (found[-1].finding, found[-1].expected, found[-1].score) == (None, None, 0)
    assert fed(RECORDS, noisy(800, 20, 31))[1][-1].warming is None


@pytest.mark.parametrize(
    ("series", "usual", "then", "detector"),
    [
        (RECORDS, noisy(800, 20, 100), [0.0], "guard:zero"),
        (RECORDS, noisy(3, 1, 100), [0.0] * 12, "guard:zero"),
        (RECORDS, noisy(800, 20, 100), [801.0] * 8, "guard:frozen"),
        (RECORDS, noisy(800, 20, 100), [-1.0], "guard:negative"),
        (NULLS, [each / 1_000 for each in noisy(100, 9, 100)], [1.2], "guard:impossible"),
        (NULLS, [each / 1_000 for each in noisy(100, 9, 100)], [None], "guard:missing"),
        (LAG, [each / 1_000 for each in noisy(500, 9, 100)], [0.0], "guard:zero"),
    ],
)
def test_guards_need_no_training(
    series: SeriesId, usual: Sequence[float], then: Sequence[float | None], detector: str
) -> None:
    """Zero after a history that was none, the same value again and again, below zero, a share above 1, no value."""
    found = after(series, usual, then, n=None if series is RECORDS else 1_000)

    assert detector in {each.detector for each in found}
    assert all(each.reasons[0].startswith(f"{value_words(series.name, each.value)} in the minute") for each in found)


@pytest.mark.parametrize(
    "values",
    [
        [0.0] * 300,
        [7.0] * 300,
        [0.25] * 300,
        [float(place % 9 == 0) for place in range(300)],
        [None] * 300,
        [float(-place % 5) for place in range(300)],
        [None if place % 3 else 5.0 for place in range(300)],
        [float(place // 20) for place in range(300)],
    ],
)
def test_what_is_normally_so_is_left_alone(values: Sequence[float | None]) -> None:
    """Constant, all zero, mostly zero, empty, every third bucket, or in steps: no finding."""
    for series in (RECORDS, NULLS, LAG):
        scaled = [each if each is None or series is not NULLS else min(each, 1.0) for each in values]

        assert findings(fed(series, scaled, n=3)[1]) == []


def test_a_series_that_sometimes_stands_still_may_do_so_again() -> None:
    """Ten values alike are no finding where there were eight before, among many that were none."""
    usual = noisy(5_000, 100, 200)

    assert after(RECORDS, usual, [5_000.0] * 10)
    assert not after(RECORDS, [*usual[:5], *[usual[5]] * 8, *usual[5:]], [5_000.0] * 10)


def test_a_silent_group_of_devices_is_found() -> None:
    """Half of the records gone, from one bucket to the next: found in the first or second."""
    assert after(RECORDS, noisy(800, 40, 400), noisy(400, 30, 2))


def test_a_load_that_arrives_twice_is_found() -> None:
    """In its first or second bucket."""
    assert after(RECORDS, noisy(800, 60, 400), noisy(1_600, 90, 2))


def test_a_burst_of_nulls_is_found_where_there_are_records_enough() -> None:
    """One in five instead of one in a hundred, of 200 records; of three records it says nothing."""
    chance = random.Random(1)
    usual = [sum(chance.random() < 0.01 for _ in range(200)) / 200 for _ in range(300)]

    assert after(NULLS, usual, [0.2, 0.2], n=200)
    assert not after(NULLS, [0.0] * 300, [1 / 3], n=3)


def test_a_nudge_that_lasts_is_found_though_each_bucket_of_it_is_within_the_band() -> None:
    """The band is narrower after a bucket that was far off on the same side."""
    state, before = fed(RECORDS, noisy(800, 40, 400))
    assert not findings(before)
    low = before[-1].low
    assert low is not None
    _, found = fed(RECORDS, [low + 8] * 2 + [low + 7] * 2, since=MONDAY + 400 * MINUTE, into=state)

    assert found[0].finding is None
    assert findings(found)


def test_ordinary_days_are_silent_and_an_ordinary_night_at_noon_is_not() -> None:
    """With days to compare with, the time of day counts."""
    chance = random.Random(3)
    hours = [1_000 + 800 * math.sin(place / 24 * 2 * math.pi) + chance.gauss(0, 20) for place in range(24 * 14)]
    hours = [float(round(each)) for each in hours]
    state, before = fed(RECORDS, hours, seconds=3_600)
    assert not findings(before)

    (found,) = findings(fed(RECORDS, [*hours[:6], 1_100.0], seconds=3_600, since=MONDAY + 14 * DAY, into=state)[1])

    assert found.expected is not None
    assert 1_700 < found.expected < 1_900


def test_clocks_that_change_are_no_finding() -> None:
    """A series by local time comes an hour later from one day to the next, as seen in UTC."""
    chance = random.Random(4)

    def at(hour: int) -> float:
        return float(round(300 + (1_500 if 8 <= hour % 24 < 18 else 0) + chance.gauss(0, 20)))

    hours = [at(place) for place in range(24 * 14)] + [at(place - 1) for place in range(24 * 3)]

    assert findings(fed(RECORDS, hours, seconds=3_600)[1]) == []


def test_a_weekend_is_no_finding_once_there_was_one() -> None:
    """Days are compared with the same day of other weeks, too."""
    chance = random.Random(5)
    days = [float(round((400 if place % 7 >= 5 else 1_000) + chance.gauss(0, 20))) for place in range(70)]

    assert findings(fed(RECORDS, days, seconds=DAY)[1]) == []
    assert findings(fed(RECORDS, [*days, 400.0], seconds=DAY)[1])


def test_an_incident_is_over_when_things_are_as_before_and_not_when_it_has_lasted() -> None:
    """What is found does not become what is expected within a few buckets."""
    state, _ = fed(RECORDS, noisy(800, 20, 300))
    _, during = fed(RECORDS, noisy(300, 15, 100, seed=2), since=MONDAY + 300 * MINUTE, into=state)
    _, behind = fed(RECORDS, noisy(800, 20, 100, seed=3), since=MONDAY + 400 * MINUTE, into=state)

    assert len(findings(during)) == 100
    assert findings(behind) == []


def test_what_lasts_for_hours_is_how_things_are_now() -> None:
    """After 256 buckets, or a day."""
    _, found = fed(RECORDS, [*noisy(800, 20, 300), *noisy(300, 15, 500, seed=2)])

    assert found[299 + 100].finding
    assert not findings(found[-100:])


def test_what_is_labelled_is_not_what_is_usual() -> None:
    """An incident that people labelled leaves the baseline, also when the label comes later."""
    incident = range(MONDAY, MONDAY + 25 * MINUTE)  # found by nobody but people, as there was no history yet
    values = [*noisy(3_000, 900, 25), *noisy(800, 20, 15, seed=2)]
    labelled, _ = fed(RECORDS, values)
    not_labelled, _ = fed(RECORDS, values)
    metric = Metric(RECORDS, MONDAY + 40 * MINUTE, MINUTE, 1_400.0, 1_400)

    left_out = labelled.evaluate(metric, None, lambda start: start in incident)
    kept = not_labelled.evaluate(metric)

    assert left_out is not None
    assert kept is not None
    assert left_out.finding is not None
    assert kept.finding is None


def test_the_same_bucket_again_is_no_evaluation() -> None:
    """Nor an earlier revision, nor one that is not complete: nothing changes."""
    series, _ = fed(RECORDS, noisy(800, 20, 50))
    before = series.state()
    last = Metric(RECORDS, MONDAY + 49 * MINUTE, MINUTE, 5.0, 5)

    assert series.evaluate(last) is None
    assert series.evaluate(Metric(RECORDS, MONDAY + 50 * MINUTE, MINUTE, 5.0, 5, complete=False)) is None
    assert series.state() == before


def test_a_late_correction_is_evaluated_as_of_its_bucket_and_takes_the_verdict_back() -> None:
    """The finding of revision 0 no longer holds, and what comes later is compared with the corrected value."""
    before, behind = noisy(800, 20, 100), noisy(800, 20, 10, seed=2)
    series, found = fed(RECORDS, [*before, 5.0, *behind])
    right, in_time = fed(RECORDS, [*before, 802.0, *behind])
    assert [place for place, each in enumerate(found) if each.finding] == [100]

    corrected = series.evaluate(Metric(RECORDS, MONDAY + 100 * MINUTE, MINUTE, 802.0, 802, revision=1))

    assert corrected is not None
    assert corrected.supersedes == MONDAY + 100 * MINUTE
    assert corrected.finding is None
    assert (corrected.expected, corrected.low, corrected.high) == (
        in_time[100].expected,
        in_time[100].low,
        in_time[100].high,
    )
    later = Metric(RECORDS, MONDAY + 111 * MINUTE, MINUTE, 790.0, 790)
    assert series.evaluate(later) == right.evaluate(later)
    assert series.evaluate(Metric(RECORDS, MONDAY + 100 * MINUTE, MINUTE, 802.0, 802, revision=1)) is None


def test_a_bucket_that_comes_late_is_judged_by_what_was_before_it() -> None:
    """As if it had come in time."""
    values = noisy(800, 20, 100)
    in_time, late = fed(RECORDS, values)[1][90], Series(RECORDS, MINUTE)
    for place in [*range(90), *range(91, 100)]:
        late.evaluate(Metric(RECORDS, MONDAY + place * MINUTE, MINUTE, values[place], int(values[place])))

    assert late.evaluate(Metric(RECORDS, MONDAY + 90 * MINUTE, MINUTE, values[90], int(values[90]))) == in_time


def test_memory_is_bounded() -> None:
    """Whatever comes, the state of a series is no larger after a thousand buckets than after six hundred."""
    series, _ = fed(RECORDS, noisy(800, 200, 600))
    before = len(json.dumps(series.state()))
    fed(RECORDS, noisy(800, 200, 400), since=MONDAY + 600 * MINUTE, into=series)

    assert len(json.dumps(series.state())) < before * 1.05 < 60_000
    assert series.evaluate(Metric(RECORDS, MONDAY, MINUTE, 1.0, 1)) is None


@pytest.mark.parametrize(
    "values",
    [
        [None, 0.0, 1e15, -3.0, 1e-9, float(2**62)],
        [1.7e308, -1.7e308, 1e300, 0.0, 5e-324],
        [1.0, 2.0, 3.0, 4.0, 1e308],
    ],
)
@pytest.mark.parametrize("series", [RECORDS, LAG, NULLS])
def test_whatever_numbers_there_are_a_series_is_judged(series: SeriesId, values: list[float | None]) -> None:
    """Values of any size, one beside the other, have a band of numbers, and words for them."""
    chance = random.Random(1)
    state, evaluations = fed(series, [chance.choice(values) for _ in range(60)], n=3)
    evaluations += fed(series, [1.7e308, 0.0], n=2**63 - 1, since=MONDAY + 60 * MINUTE, into=state)[1]

    for each in evaluations:
        numbers = (each.score, each.low or 0.0, each.expected or 0.0, each.high or 0.0)
        assert all(map(math.isfinite, numbers))


def test_what_is_out_of_the_band_is_what_the_baseline_finds() -> None:
    """And nothing else: the page that shows the band shows why."""
    chance = random.Random(6)
    for series, n, values in (
        (RECORDS, None, [float(round(abs(chance.gauss(30, 25)))) for _ in range(600)]),
        (LAG, 40, [chance.lognormvariate(0, 1.5) for _ in range(600)]),
        (NULLS, 40, [min(1.0, abs(chance.gauss(0.1, 0.2))) for _ in range(600)]),
    ):
        _, found = fed(series, values, n=n)
        for each in found:
            if each.low is None or each.value is None or each.high is None:
                continue
            outside = not each.low <= each.value <= each.high
            if each.finding is None or each.finding.detector == "baseline":
                assert outside == (each.finding is not None) or abs(each.score - 1) < 1e-9
