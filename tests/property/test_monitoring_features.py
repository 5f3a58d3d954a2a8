"""Features: of the past only, the same in whatever portions they are made, and finite whatever comes."""

import math
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.features import FEATURES
from event_processor.monitoring.series import Series
from tests.shown_features import shown

ANY = st.floats(allow_nan=False, allow_infinity=False)
LIKELY = st.integers(0, 20).map(float) | st.floats(-5, 1000) | st.just(0.0)
BUCKETS = st.sampled_from([60, 300, 420, 3_600, 86_400, 604_800])


class Point(NamedTuple):
    """A bucket of a series with gaps."""

    start: int
    value: float
    n: int


@st.composite
def series(draw: st.DrawFn) -> tuple[int, list[Point]]:
    """With gaps, some longer than a day, and long enough for the views of short, long, day and week."""
    seconds = draw(BUCKETS)
    values = draw(st.lists(st.one_of(LIKELY, ANY, st.just(math.nan)), min_size=12, max_size=60))
    gaps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 2, 30, 288]), min_size=len(values), max_size=len(values)))
    repeats = draw(st.integers(3, 5))
    points, start = [], 86_400 * 20_000
    for value, gap in zip(values * repeats, gaps * repeats, strict=True):
        start += gap * seconds
        points.append(Point(start, value, draw(st.just(0)) if value < 0 else 20))
    return seconds, points


@settings(max_examples=40, deadline=None)
@given(series(), st.data())
def test_no_future_value_changes_a_feature(drawn: tuple[int, list[Point]], data: st.DataObject) -> None:
    """Whatever comes later, and whether anything does: what was seen of a bucket stays, to the last bit."""
    seconds, points = drawn
    now = data.draw(st.integers(0, len(points) - 1))
    later = [point._replace(value=data.draw(LIKELY)) for point in points[now + 1 :][:20]]

    assert shown(seconds, [*points[: now + 1], *later])[: now + 1] == shown(seconds, points)[: now + 1]


@settings(max_examples=40, deadline=None)
@given(series())
def test_features_are_finite_numbers(drawn: tuple[int, list[Point]]) -> None:
    """Of constant series, zeros, negative values, gaps, missing values and 1e308: as many as have names."""
    for found in shown(*drawn):
        assert not found or len(found) == len(FEATURES)
        assert all(map(math.isfinite, found))


@settings(max_examples=25, deadline=None)
@given(series(), st.data())
def test_a_state_that_was_stored_goes_on_the_same(drawn: tuple[int, list[Point]], data: st.DataObject) -> None:
    """A monitor that is started again in between gives the same verdicts, to the last bit, as one that ran on."""
    seconds, points = drawn
    cut = data.draw(st.integers(0, len(points)))
    one = Series(SeriesId("a", "b"), seconds)
    two = Series(SeriesId("a", "b"), seconds)
    for number, point in enumerate(points):
        if number == cut:
            two = Series.restore(two.state())
        metric = Metric(SeriesId("a", "b"), point.start, seconds, point.value, point.n)
        assert repr(one.evaluate(metric)) == repr(two.evaluate(metric))
    assert one.state() == two.state()
