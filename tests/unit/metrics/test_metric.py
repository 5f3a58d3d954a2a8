"""Metrics: the record of one, and the key of its series."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_processor.metrics.metric import Metric, MetricFault, SeriesId, read_metric

RECORD = {
    "dataset": "page_views",
    "name": "null_ratio",
    "dimensions": {"column": "url"},
    "bucket_start": "2026-11-26T10:04:00Z",
    "bucket_seconds": 60,
    "value": 0.25,
    "n": 812,
    "complete": True,
    "revision": 3,
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SERIES = st.builds(
    lambda dataset, name, dimensions: SeriesId.of(dataset, name, **dimensions),
    TEXT,
    TEXT,
    st.dictionaries(TEXT, TEXT, max_size=3),
)


def read(**changed: Any) -> Metric | MetricFault:
    """The record, with some fields changed."""
    return read_metric(json.dumps(RECORD | changed).encode())


def test_a_record_is_a_metric() -> None:
    """Every field of it arrives, the time as seconds."""
    series = SeriesId("page_views", "null_ratio", (("column", "url"),))

    assert read() == Metric(series, 1795687440, 60, 0.25, 812, complete=True, revision=3)


def test_a_record_has_the_fields_of_the_contract() -> None:
    """What we write is what others are told to write."""
    metric = read()
    assert isinstance(metric, Metric)

    assert json.loads(metric.to_json()) == RECORD


def test_only_what_is_needed_must_be_there() -> None:
    """Somebody's own metric needs no dimensions, is complete and a first revision, and may have fields of its own."""
    short = {name: RECORD[name] for name in ("dataset", "name", "bucket_start", "bucket_seconds", "value", "n")}

    metric = read_metric(json.dumps(short | {"producer": "nightly"}).encode())

    assert metric == Metric(SeriesId("page_views", "null_ratio"), 1795687440, 60, 0.25, 812)


@given(SERIES, st.floats(allow_nan=False, allow_infinity=False) | st.none(), st.integers(0, 10**10))
def test_what_is_written_is_read_again(series: SeriesId, value: float | None, start: int) -> None:
    """Whatever the names and values."""
    metric = Metric(series, start, 60, value, 5, complete=False, revision=2)
    read_again = read_metric(metric.to_json())

    assert read_again == metric or (isinstance(read_again, MetricFault) and len(series.key) > 256)


@given(SERIES)
def test_a_key_says_which_series(series: SeriesId) -> None:
    """Keys are read again, so two series never share one."""
    assert SeriesId.parse(series.key) == series


def test_keys_are_readable() -> None:
    """Common names are as they are, in the order of the dimensions' names."""
    series = SeriesId.of("page_views", "rejects", subject="click", code="not_json")

    assert series.key == "page_views/rejects{code=not_json,subject=click}"
    assert SeriesId("a/b", "c").key == "a%2Fb/c"


@pytest.mark.parametrize("key", ["", "a", "/a", "a/", "a/b{", "a/b{}", "a/b{y=1,x=2}", "a/b c", "a/b{c}"])
def test_what_is_no_key_is_none(key: str) -> None:
    """Nor is another spelling of one, or labels would miss their series."""
    with pytest.raises(ValueError, match="no key"):
        SeriesId.parse(key)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"value": "12"}, "value:"),
        ({"value": True}, "value:"),
        ({"n": -1}, "n:"),
        ({"n": 1.5}, "n:"),
        ({"bucket_seconds": 0}, "bucket_seconds:"),
        ({"bucket_start": "2026-11-26T10:04:00"}, "bucket_start:"),
        ({"bucket_start": 1795687440}, "bucket_start:"),
        ({"bucket_start": "2026-11-26T10:04:00.5Z"}, "bucket_start:"),
        ({"bucket_start": "1969-11-26T10:04:00Z"}, "bucket_start:"),
        ({"bucket_start": "9999-12-31T23:59:59Z"}, "bucket_start:"),
        ({"dataset": ""}, "dataset:"),
        ({"dimensions": {"a": 1}}, "dimensions:"),
        ({"dimensions": {"a": "x" * 250}}, "key"),
        ({"revision": -1}, "revision:"),
    ],
)
def test_what_is_no_metric_is_told_by_its_field(changed: dict[str, Any], said: str) -> None:
    """Without its content."""
    fault = read(**changed)

    assert isinstance(fault, MetricFault)
    assert said in fault.detail
    assert "1795687440" not in fault.detail


@pytest.mark.parametrize("data", [b"", b"[]", b"nul", b"\xff", json.dumps(RECORD).replace("0.25", "NaN").encode()])
def test_what_is_no_json_object_is_no_metric(data: bytes) -> None:
    """NaN is not JSON."""
    assert isinstance(read_metric(data), MetricFault)


def test_a_value_that_json_cannot_say_is_none() -> None:
    """A division by zero of a producer is not a value, and a record all the same."""
    metric = Metric(SeriesId("a", "b"), 0, 60, float("nan"), 0)

    assert json.loads(metric.to_json())["value"] is None
