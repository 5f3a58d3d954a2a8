"""Both ways to name an emulator lead to the same one."""

from typing import TYPE_CHECKING

import pytest

from event_processor.bootstrap.runtime import Runtime
from event_processor.settings.loading import load
from event_processor.settings.submissions import SubmissionsSettings
from local_aws import LocalAws
from sensor_fleet.aws import Aws

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

QUEUE = "submissions"


def _processor_sqs(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> "SQSClient":
    with monkeypatch.context() as environment:
        environment.setenv(variable, value)
        return Runtime(load(SubmissionsSettings)).clients.sqs(pool=1)


def _sends_and_receives(sender: "SQSClient", receiver: "SQSClient") -> None:
    sender.send_message(QueueUrl=sender.get_queue_url(QueueName=QUEUE)["QueueUrl"], MessageBody="hello")
    received = receiver.receive_message(QueueUrl=receiver.get_queue_url(QueueName=QUEUE)["QueueUrl"])
    assert [message["Body"] for message in received["Messages"]] == ["hello"]


@pytest.mark.parametrize("host_sends", [True, False])
def test_the_processor_reaches_the_same_queue(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, host_sends: bool) -> None:
    """LOCALSTACK_HOST alone and AWS_ENDPOINT_URL alone bring the processor to the same queue."""
    by_url = _processor_sqs(monkeypatch, "AWS_ENDPOINT_URL", aws.endpoint)
    by_host = _processor_sqs(monkeypatch, "LOCALSTACK_HOST", aws.endpoint.removeprefix("http://"))
    by_url.create_queue(QueueName=QUEUE)
    _sends_and_receives(*((by_host, by_url) if host_sends else (by_url, by_host)))


def test_what_the_fleet_sends_by_host_the_processor_receives_by_url(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fleet that knows LOCALSTACK_HOST alone feeds a processor that knows AWS_ENDPOINT_URL alone."""
    processor = _processor_sqs(monkeypatch, "AWS_ENDPOINT_URL", aws.endpoint)
    fleet = Aws(localstack_host=aws.endpoint.removeprefix("http://")).sqs(connections=1)
    processor.create_queue(QueueName=QUEUE)
    _sends_and_receives(fleet, processor)


def test_the_url_counts_if_both_are_given(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_ENDPOINT_URL wins over a LOCALSTACK_HOST that leads nowhere."""
    monkeypatch.setenv("LOCALSTACK_HOST", "127.0.0.1:1")
    _processor_sqs(monkeypatch, "AWS_ENDPOINT_URL", aws.endpoint).create_queue(QueueName=QUEUE)
