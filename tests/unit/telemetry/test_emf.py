"""Metrics of the Lambda function: CloudWatch's embedded metric format, the facts of one invocation, right units."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from event_processor.errors import CallFailed
from event_processor.publishing.stream import Refused
from event_processor.telemetry.emf import COUNTS, CloudWatchMetrics
from event_processor.telemetry.error_codes import MOST_UNKNOWN, ErrorCodes
from event_processor.testing import ManualClock
from tests.unit.samples import body, delivery, records, rejects

CLOCK = ManualClock()
Blobs = list[dict[str, Any]]


@pytest.fixture
def metrics() -> CloudWatchMetrics:
    """Of an invocation that has not begun."""
    return CloudWatchMetrics(CLOCK, ErrorCodes())


def flushed(metrics: CloudWatchMetrics, capsys: pytest.CaptureFixture[str]) -> Blobs:
    """What is printed, one document a line, each checked for the form that CloudWatch wants."""
    metrics.flush("submissions", "request-1")
    blobs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for blob in blobs:
        (directive,) = blob["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "event_processor"
        assert isinstance(blob["_aws"]["Timestamp"], int)
        assert (blob["function_name"], blob["request_id"]) == ("submissions", "request-1")
        assert len(directive["Metrics"]) <= 100, "the most that a document may have"
        for metric in directive["Metrics"]:
            assert metric["Unit"] == ("Seconds" if metric["Name"].endswith("_seconds") else "Count")
            assert 1 <= len(blob[metric["Name"]]) <= 100, "the most values that a metric may have"
        assert all(isinstance(blob[name], str) for names in directive["Dimensions"] for name in names)
    return blobs


def values(blobs: Blobs, name: str, **dimensions: str) -> list[float]:
    """All values of a metric with just these dimensions beside the function's name."""
    wanted = [["function_name", *dimensions]]
    return [
        value
        for blob in blobs
        if blob["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == wanted and dimensions.items() <= blob.items()
        for value in blob.get(name, [])
    ]


def test_nothing_happened(metrics: CloudWatchMetrics, capsys: pytest.CaptureFixture[str]) -> None:
    """Every count is told, as 0: an alarm sees that the function runs, and a graph has no holes."""
    blobs = flushed(metrics, capsys)

    assert {name: values(blobs, name) for name in COUNTS} == {name: [0.0] for name in COUNTS}
    assert len(blobs) == 1


def test_what_happened(metrics: CloudWatchMetrics, capsys: pytest.CaptureFixture[str]) -> None:
    """The facts of a batch, as `run` counts them, for the function, and by the labels that `run` has."""
    metrics.published(records(body()))
    metrics.published(records(body()))
    metrics.refused([Refused("InternalFailure"), Refused("InternalFailure"), Refused("Odd")])
    metrics.rejected([*rejects("nonsense"), *rejects(body(events={}))])
    metrics.order_violated(delivery(body()))
    metrics.broken(delivery(body()), RuntimeError())
    metrics.failing("put", CallFailed("put", "InternalFailure", ""))
    metrics.answered(["a", "b", "c"], ["d"])
    blobs = flushed(metrics, capsys)

    assert {name: values(blobs, name) for name in COUNTS} == {
        "submissions_received": [4.0],
        "submissions_finished": [3.0],
        "submissions_unfinished": [1.0],
        "submissions_broken": [1.0],
        "events_published": [4.0],
        "rejects": [2.0],
        "records_refused": [3.0],
        "order_violations": [1.0],
        "calls_failed": [1.0],
    }
    assert values(blobs, "events_published", event_type="new_process") == [2.0]
    assert values(blobs, "events_published", event_type="network_connection") == [2.0]
    assert values(blobs, "rejects", reason="empty") == [1.0]
    assert values(blobs, "records_refused", error_code="InternalFailure") == [2.0]
    assert values(blobs, "records_refused", error_code="Odd") == [1.0]
    assert values(blobs, "calls_failed", step="put", error_code="InternalFailure") == [1.0]


def test_the_age_of_each_submission(metrics: CloudWatchMetrics, capsys: pytest.CaptureFixture[str]) -> None:
    """From sending to the last acknowledgement; one that does not say is left out, one from the future is 0."""
    for seconds in (2.5, 60.0, -5.0):
        metrics.completed(replace(delivery(""), sent_at=CLOCK.now() - timedelta(seconds=seconds)), 0.0)
    metrics.completed(replace(delivery(""), sent_at=None), 0.0)

    assert values(flushed(metrics, capsys), "submission_age_seconds") == [2.5, 60.0, 0.0]


def test_a_large_batch(metrics: CloudWatchMetrics, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of ten thousand ages is told, in as many documents as it takes, and each count once."""
    for number in range(10_000):
        metrics.completed(replace(delivery(""), sent_at=CLOCK.now() - timedelta(seconds=number)), 0.0)
    metrics.answered([str(number) for number in range(10_000)], [])
    blobs = flushed(metrics, capsys)

    assert values(blobs, "submission_age_seconds") == [float(number) for number in range(10_000)]
    assert values(blobs, "submissions_received") == [10_000.0]


def test_the_next_invocation_begins_anew(metrics: CloudWatchMetrics, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is counted twice."""
    metrics.published(records(body()))
    metrics.completed(delivery(""), 0.0)
    flushed(metrics, capsys)
    blobs = flushed(metrics, capsys)

    assert values(blobs, "events_published") == [0.0]
    assert values(blobs, "submission_age_seconds") == []
    assert len(blobs) == 1


def test_error_codes_make_a_bounded_number_of_metrics(
    metrics: CloudWatchMetrics, capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudWatch charges for each: whoever answers in the place of AWS cannot make any number of them."""
    metrics.refused([Refused(f"Odd{number}") for number in range(1000)])
    blobs = flushed(metrics, capsys)

    assert len({blob.get("error_code") for blob in blobs}) <= MOST_UNKNOWN + 2
    assert values(blobs, "records_refused") == [1000.0]
