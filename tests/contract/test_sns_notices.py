"""Notices through SNS to a queue that filters, on moto."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from event_processor.aws.clients import Clients, Location
from event_processor.aws.sns import SnsTopic
from event_processor.channels.words import document
from event_processor.errors import NotSent
from event_processor.notices.notice import Kind, Message, Notice, Severity
from tests.contract import backends
from tests.unit.channels.messages import MANY, NEW, entry

_REGION = "eu-west-1"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Of moto."""
    with backends.moto() as endpoint:
        yield endpoint


@pytest.fixture
def sns_client(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Clients(Location(endpoint, "us-east-1")).sns(_REGION)


def _subscribe(endpoint: str, policy: dict[str, Any]) -> tuple[Any, str, str]:
    """A topic, and a queue that gets of it what the policy lets through."""
    session = boto3.Session("test", "test", region_name=_REGION)
    sns, sqs = session.client("sns", endpoint_url=endpoint), session.client("sqs", endpoint_url=endpoint)
    arn = sns.create_topic(Name=backends.new_name())["TopicArn"]
    queue = sqs.create_queue(QueueName=backends.new_name())["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    attributes = {"FilterPolicy": json.dumps(policy)}
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn, Attributes=attributes)
    return sqs, queue, arn


def _received(sqs: Any, queue: str) -> list[dict[str, Any]]:
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_a_subscriber_gets_the_document_of_what_its_filter_asks_for(endpoint: str, sns_client: Any) -> None:
    """A team's queue gets the notices about the team's events, one of a list of many included, and no others."""
    sqs, queue, arn = _subscribe(endpoint, {"subject": ["track/Order Completed"], "severity": ["warning"]})
    topic = SnsTopic("sns", "", arn, sns_client)
    topic.send(NEW, 10.0)
    topic.send(MANY, 10.0)
    (received,) = _received(sqs, queue)
    assert json.loads(received["Message"]) == json.loads(json.dumps(document(MANY)))
    assert received["Subject"].isascii()


def test_a_topic_that_is_gone_is_a_final_failure(endpoint: str, sns_client: Any) -> None:
    """What cannot succeed is not tried for ever."""
    assert endpoint
    topic = SnsTopic("sns", "", f"arn:aws:sns:{_REGION}:123456789012:no-such-topic", sns_client)
    with pytest.raises(NotSent) as raised:
        topic.send(NEW, 10.0)
    assert raised.value.is_final


def test_hostile_names_do_not_keep_sns_from_taking_the_message(endpoint: str, sns_client: Any) -> None:
    """Letters beyond ASCII, line breaks and great lengths in an event's name are no reason to hear nothing."""
    sqs, queue, arn = _subscribe(endpoint, {"kind": ["reject"]})
    name = 'sub\nject 😀"' + "😀" * 5_000
    fields = tuple((f"fact {number}", name) for number in range(10))
    notices = [Notice(Kind.REJECT, f"{number}{name}", name, "x", name, fields) for number in range(20)]
    message = Message(tuple(map(entry, notices)))
    assert len(json.dumps(document(message), ensure_ascii=False).encode()) > 256 * 1024
    SnsTopic("sns", "", arn, sns_client).send(message, 10.0)
    (received,) = _received(sqs, queue)
    told = json.loads(received["Message"])
    assert told["notices"] == 20, "what there is no room for is counted"
    assert told["more"]["keys"] == 20 - len(told["entries"])
    assert len(json.dumps(received, ensure_ascii=False).encode()) < 256 * 1024


def test_findings_are_filtered_by_dataset_and_severity(endpoint: str, sns_client: Any) -> None:
    """A team subscribes to what is critical in its datasets; a list matches by those it only names, too."""
    sqs, queue, arn = _subscribe(endpoint, {"dataset": ["payments"], "severity": ["critical"]})
    topic = SnsTopic("sns", "", arn, sns_client)
    orders = Notice(Kind.FINDING, "orders", "orders/rows", "guard:zero", "0 rows", severity=Severity.CRITICAL)
    payments = replace(orders, subject="payments", pointer="payments/rows")
    topic.send(Message((entry(orders),)), 10.0)
    topic.send(Message((entry(replace(payments, severity=Severity.WARNING)),)), 10.0)
    topic.send(Message((entry(orders), entry(payments))).listing(1), 10.0)

    (received,) = _received(sqs, queue)
    assert json.loads(received["Message"])["more"]["names"] == ["payments/rows"]
