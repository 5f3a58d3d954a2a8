"""The Lambda function on the stream of metrics, in this process: what it answers, tells and stores."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from event_processor.bootstrap.lambda_monitor import MonitorFunction
from event_processor.metrics.metric import Metric
from event_processor.monitoring.known import stored_incidents
from event_processor.settings.lambda_monitor import LambdaMonitorSettings
from event_processor.settings.loading import load
from event_processor.stores.objects_directory import DirectoryObjects
from tests.integration.test_lambda_function import Context
from tests.monitors import WRONG, arrived, by_rule, metric
from tests.unit.channels.servers import Reply, Server, serving

__all__ = ["by_rule"]
pytestmark = pytest.mark.usefixtures("by_rule")


def event(*data: Metric | bytes, shard: str = "shardId-000000000000") -> dict[str, Any]:
    """As the mapping makes it."""
    records = [arrived(each) for each in data]
    return {
        "Records": [
            {
                "kinesis": {
                    "partitionKey": "key",
                    "sequenceNumber": str(number),
                    "data": base64.b64encode(record.data).decode(),
                    "approximateArrivalTimestamp": record.arrived.timestamp(),
                },
                "eventSource": "aws:kinesis",
                "eventID": f"{shard}:{number}",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/quality-metrics",
            }
            for number, record in enumerate(records, 1)
        ]
    }


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """Who is told; the state is a folder."""
    with serving(Reply(200, b"")) as server:
        for name, value in {
            "NOTICES": f"webhook:{server.url}",
            "MONITOR_STATE": f"dir:{tmp_path / 'state'}",
            "AWS_REGION": "us-east-1",
            "LOG_LEVEL": "ERROR",
        }.items():
            monkeypatch.setenv(name, value)
        yield server


def function() -> MonitorFunction:
    """One, as after a cold start."""
    return MonitorFunction(load(LambdaMonitorSettings))


def told(server: Server) -> list[tuple[str, str]]:
    """Each entry of each message."""
    return [(entry["state"], entry["pointer"]) for document in server.documents for entry in document["entries"]]


def test_a_finding_is_told_before_the_answer_and_once(webhook: Server) -> None:
    """A finding is told in its invocation, since the process is frozen then; the next cold start does not repeat it."""
    first, second = function(), function()
    assert first(event(metric(0), metric(1, WRONG)), Context()) == {"batchItemFailures": []}
    assert told(webhook) == [("new", "orders/rows")]

    assert second(event(metric(1, WRONG), metric(2, WRONG)), Context()) == {"batchItemFailures": []}
    assert told(webhook) == [("new", "orders/rows")]

    assert second(event(metric(3), metric(4)), Context()) == {"batchItemFailures": []}
    assert told(webhook)[1:] == [("recovered", "orders/rows")]


def test_a_state_that_cannot_be_stored_keeps_the_batch(webhook: Server, tmp_path: Path) -> None:
    """Without its state stored a batch comes again as a whole, whatever else worked."""
    (tmp_path / "state").write_text("a file where the folder should be")
    answer = function()(event(metric(0), metric(1, WRONG)), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert told(webhook) == []


def test_no_time_left(webhook: Server) -> None:
    """What there is no time for comes again, from the first record on that was not judged."""
    assert function()(event(metric(0)), Context(0.5)) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert told(webhook) == []


def test_garbage_is_a_reject_and_no_failure(webhook: Server) -> None:
    """A record that is not a metric is told, counts as finished, and the metrics beside it are judged."""
    assert function()(event(b"{", metric(0, WRONG)), Context()) == {"batchItemFailures": []}
    assert sorted(told(webhook)) == [("new", ""), ("new", "orders/rows")]


def test_a_series_moves_to_another_shard(webhook: Server, tmp_path: Path) -> None:
    """After a split the child goes on with what the parent knew: the incident that is open there ends in the child."""
    lambda_ = function()
    lambda_(event(metric(0, WRONG), metric(0, name="lag")), Context())
    lambda_(event(metric(1), metric(2), shard="shardId-000000000001"), Context())

    assert told(webhook) == [("new", "orders/rows"), ("recovered", "orders/rows")]
    names = list(DirectoryObjects(tmp_path / "state").names("state/"))
    assert names == [f"state/shardId-00000000000{number}/000000.json.gz" for number in (0, 1)]
    assert stored_incidents(DirectoryObjects(tmp_path / "state"))
