"""The IAM policy against the calls of the monitor with its state in a bucket: nothing missing, nothing too much."""

import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from event_processor.metrics.metric import Metric, SeriesId
from tests.eventually import eventually
from tests.system.processes import command
from tests.system.test_iam import allowed
from tests.system.test_monitor import Monitor
from tests.system.watched_moto import WatchedMoto, watched_moto

RARE = {"s3:AbortMultipartUpload"}  # a part of the state is small
pytestmark = pytest.mark.prove


def _client(aws: WatchedMoto, service: str) -> Any:
    """Somebody else's."""
    return boto3.session.Session(region_name="us-east-1").client(service, endpoint_url=aws.endpoint)  # type: ignore[call-overload]


def test_monitor(tmp_path: Path) -> None:
    """The monitor and the commands beside it get along with the statements for stream, bucket and topic."""
    with watched_moto() as aws:
        settings = {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_REGION": "us-east-1",
            "MONITOR_STATE": "s3://lake/monitor",
            "NOTICES": f"sns:{_client(aws, 'sns').create_topic(Name='findings')['TopicArn']}",
        }
        done = command("event_processor", "provision", "--job", "monitor", **settings)
        assert done.returncode == 0, done.stderr
        aws.needed.clear()
        with Monitor(tmp_path, aws.endpoint, **settings) as monitor:
            monitor.wait_until_ready()
            now = int(time.time()) // 60 * 60 - 7200
            for minute in range(90):
                value = 0.0 if minute == 89 else 1000.0 + minute % 7
                metric = Metric(SeriesId("orders", "rows"), now + minute * 60, 60, value, int(value))
                _client(aws, "kinesis").put_record(
                    StreamName="quality-metrics", Data=metric.to_json(), PartitionKey="orders/rows"
                )
            monitor.wait_for("notices_sent_total", 1)
            eventually(lambda: monitor.metric("checkpoints_written_total") > 1, "checkpoints")
            assert monitor.terminate() == 0
        for arguments in (["check", "--job", "monitor"], ["monitor", "findings"], ["monitor", "snooze", "orders/*"]):
            done = command("event_processor", *arguments, **settings)
            assert done.returncode == 0, done.stdout + done.stderr

        theirs = allowed("InspectStream", "StoreLake", "ListLake", "TellTopic")
        needed = aws.needed - {"kinesis:PutRecord"}  # our own
        assert needed <= theirs
        assert theirs - needed <= RARE
