"""Findings: identity, storage, and their words."""

import json

import pytest

from event_processor.metrics.metric import SeriesId
from event_processor.monitoring.finding import Finding, bucket_words, finding_id, number_words, value_words

SERIES = SeriesId.of("page_views", "records", type="click")
FINDING = Finding(
    id=finding_id(SERIES, 60, "baseline"),
    series=SERIES,
    bucket_start=60,
    bucket_seconds=60,
    value=3.0,
    expected=812.0,
    low=640.0,
    high=980.0,
    score=2.5,
    detector="baseline",
    reasons=("3 records",),
    severity="critical",
)


def test_a_finding_is_stored_and_found_again() -> None:
    """As JSON."""
    assert Finding.of_record(json.loads(json.dumps(FINDING.as_record()))) == FINDING


def test_the_id_is_of_the_series_the_bucket_and_the_layer() -> None:
    """A model trained again finds the same finding again; another bucket, series or layer is another finding."""
    assert finding_id(SERIES, 60, "model:12345678") == finding_id(SERIES, 60, "model:9abcdef0")
    ids = {
        finding_id(series, start, detector)
        for series in (SERIES, SeriesId("page_views", "records"))
        for start in (60, 120)
        for detector in ("guard:zero", "baseline", "model:12345678", "silence")
    }
    assert len(ids) == 16


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("records", 3.0, "3 records"),
        ("records", 1.0, "1 record"),
        ("bytes", 1204331.4, "1,204,331 bytes"),
        ("null_ratio", 0.3125, "null_ratio is 0.3125"),
        ("freshness", 12.0, "freshness is 12"),
        ("records", None, "No value of records"),
        ("x", 1e300, "x is 1e+300"),
    ],
)
def test_values_read_as_people_say_them(name: str, value: float | None, words: str) -> None:
    """Counts before their name, other numbers behind it."""
    assert value_words(name, value) == words


def test_numbers_have_four_digits() -> None:
    """Enough to compare, few enough to read."""
    assert [number_words(each) for each in (0.012345, 12.3456, 812, 0, -4.5)] == [
        "0.01235",
        "12.35",
        "812",
        "0",
        "-4.5",
    ]


@pytest.mark.parametrize(
    ("start", "seconds", "words"),
    [
        (1795687440, 60, "the minute from 2026-11-26 10:04 UTC"),
        (1795687441, 1, "the second from 2026-11-26 10:04:01 UTC"),
        (1795687441, 90, "the 90 seconds from 2026-11-26 10:04:01 UTC"),
        (1795687200, 900, "the 15 minutes from 2026-11-26 10:00 UTC"),
        (1795651200, 86400, "the day from 2026-11-26 00:00 UTC"),
        (1795651200, 7200, "the 2 hours from 2026-11-26 00:00 UTC"),
    ],
)
def test_buckets_are_named_by_length_and_start(start: int, seconds: int, words: str) -> None:
    """In UTC, and said so."""
    assert bucket_words(start, seconds) == words
