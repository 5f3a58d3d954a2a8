"""Topic and subscriptions of the monitor applied on an emulator: a finding reaches whoever asked for its kind."""

import json
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from event_processor.aws.sns import SnsTopic
from event_processor.notices.notice import Kind, Message, Severity
from tests.terraform.emulator import ACCOUNT, REGION, Ministack
from tests.terraform.workspace import Workspace
from tests.unit.channels.messages import NOTICE, entry

WANTED = (
    "aws_sns_topic_policy.tls_only",
    'aws_sns_topic_subscription.email["data@example.org"]',
    "aws_sns_topic_subscription.queue[0]",
)
pytestmark = pytest.mark.timeout(1500)


def test_a_critical_finding_reaches_the_queue_that_asked_for_it(tmp_path: Path) -> None:
    """Mail and queue are subscribed, and the queue's filter lets critical ones through and no others."""
    with Ministack(tmp_path) as aws:
        workspace = Workspace(tmp_path / "monitoring", module="monitoring", **aws.environment)
        (workspace.root / "values.auto.tfvars.json").write_text(
            json.dumps(
                {
                    "name": "x",
                    "bucket": "lake",
                    "bucket_arn": "arn:aws:s3:::lake",
                    "archive": "main.tf",
                    "emails": ["data@example.org"],
                    "queue": True,
                    "severities": ["critical"],
                }
            )
        )
        workspace.run("apply", "-auto-approve", "-no-color", *(f"-target={address}" for address in WANTED))

        session = boto3.Session("any", "any", region_name=REGION)
        sns = session.client("sns", endpoint_url=aws.endpoint)
        topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:x-findings"
        channel = SnsTopic("findings", "people", topic, sns)
        for severity in (Severity.WARNING, Severity.CRITICAL):
            notice = replace(NOTICE, kind=Kind.FINDING, subject="orders", severity=severity, title=f"a {severity} one")
            channel.send(Message((entry(notice),)), 10)

        sqs = session.client("sqs", endpoint_url=aws.endpoint)
        url = sqs.get_queue_url(QueueName="x-findings")["QueueUrl"]
        asked = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5, MessageAttributeNames=["All"]
        )
        [told] = asked["Messages"]
        assert "a critical one" in told["Body"]
        assert json.loads(told["MessageAttributes"]["dataset"]["StringValue"]) == ["orders"]
        subscribed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        assert {(one["Protocol"], one["Endpoint"].rsplit(":", 1)[-1]) for one in subscribed} == {
            ("email", "data@example.org"),
            ("sqs", "x-findings"),
        }
