"""Envelopes of services and libraries: recognised, told what to switch, and never mistaken for a submission."""

import json
from pathlib import Path
from typing import Any

import pytest

from event_processor.rejects.reject import Reject
from event_processor.submissions.envelopes import ENVELOPES, envelope_of
from tests.unit.samples import in_base64, judge, published, rejects, submission

INNER = json.dumps(submission())
BUS = {"version": "0", "id": "x", "source": "sensors", "account": "1", "time": "2026-01-02T03:04:05Z", "region": "x"}
WRAPPED: dict[str, list[Any]] = {  # each as the service or the library writes it
    "an SNS message": [
        {
            "Type": "Notification",
            "MessageId": "x",
            "TopicArn": "arn:aws:sns:x",
            "Message": INNER,
            "SignatureVersion": "1",
        },
        {"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:x", "Message": "You have chosen", "Token": "x"},
    ],
    "an S3 test event": [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-01-02T03:04:05Z", "Bucket": "b", "HostId": "x"},
        {"AutoScalingGroupName": "x", "Event": "autoscaling:TEST_NOTIFICATION"},
    ],
    "an S3 notification": [
        {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "s3": {"object": {"key": "k"}}}]}
    ],
    "an event of Lambda or Pipes": [
        {"Records": [{"messageId": "x", "eventSource": "aws:sqs", "body": INNER}]},
        [{"eventSource": "aws:kinesis", "data": in_base64(INNER)}],
    ],
    "an EventBridge event": [
        BUS | {"detail-type": "submission", "resources": [], "detail": submission()},
        BUS | {"detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": "{}"},
    ],
    "a record of a Lambda destination": [
        {
            "version": "1.0",
            "timestamp": "x",
            "requestContext": {"condition": "Success"},
            "responsePayload": submission(),
        }
    ],
    "a Celery or kombu task": [
        {
            "body": in_base64(INNER),
            "content-encoding": "utf-8",
            "headers": {"task": "t"},
            "properties": {"delivery_tag": "x"},
        }
    ],
    "a pointer of an SQS extended client": [
        ["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "b", "s3Key": "k"}],
        ["com.amazon.sqs.javamessaging.MessageS3Pointer", {"s3BucketName": "b", "s3Key": "k"}],
        {"S3Payload": {"Bucket": "b", "Key": "k"}},
    ],
    "a CloudWatch alarm": [{"AlarmName": "a", "NewStateValue": "ALARM", "NewStateReason": "r"}],
    "data of CloudWatch Logs": [{"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": []}],
    "an SES notification": [{"notificationType": "Bounce", "mail": {}}, {"eventType": "Delivery", "mail": {}}],
    "an Auto Scaling notification": [{"AutoScalingGroupName": "a", "AutoScalingGroupARN": "x", "Event": "launch"}],
    "a CloudEvent": [{"specversion": "1.0", "type": "t", "source": "s", "id": "x", "data": submission()}],
    "a MassTransit or NServiceBus message": [
        {"messageId": "x", "messageType": ["urn:message:A"], "message": submission()}
    ],
    "JSON in a JSON string": [INNER],
}
CASES = [(name, document) for name, documents in WRAPPED.items() for document in documents]


@pytest.mark.parametrize("pack", [str, in_base64], ids=["plain", "base64"])
@pytest.mark.parametrize(("name", "document"), CASES, ids=range(len(CASES)))
def test_the_reject_says_what_to_switch(name: str, document: Any, pack: Any) -> None:
    """A submission in an envelope is rejected for the reason it always was; the detail names envelope and switch."""
    [reject] = rejects(pack(json.dumps(document)))

    advice = {envelope.name: envelope.advice for envelope in ENVELOPES}[name]
    assert reject.faults[0].detail.endswith(f"; this is {name}: {advice}")
    assert reject.reason in {"missing_field", "not_an_object"}
    assert not any("this is" in fault.detail for fault in reject.faults[1:])


def test_each_envelope_is_tried_and_documented() -> None:
    """No envelope is without a sample here, nor without a row in the documents."""
    table = (Path(__file__).parents[3] / "docs" / "rejects.md").read_text()

    assert WRAPPED.keys() == {envelope.name for envelope in ENVELOPES}
    assert [envelope for envelope in ENVELOPES if f"| {envelope.name} | {envelope.advice} |" not in table] == []


def test_a_repeated_key_hides_no_envelope() -> None:
    """An envelope with a key that stands twice is recognised, too."""
    [reject] = rejects('{"Type": "Notification", "TopicArn": "x", "Message": "m", "Message": "n"}')

    assert reject.reason == "repeated_key"
    assert "raw message delivery" in reject.faults[0].detail


ODD: list[Any] = [
    {"Type": {}, "TopicArn": 1, "Message": None},
    {"Records": 1},
    {"Records": []},
    {"Records": [None]},
    {"Records": [{"eventSource": ["aws:s3"]}]},
    {"Event": ["s3:TestEvent"]},
    {"Event": {}},
    [[], {}],
    [{}, 1],
    [],
    None,
    1e300,
    "",
    "[" * 100_000,
    '"[1]"',
    {"notificationType": "x"},
]


@pytest.mark.parametrize("document", ODD, ids=range(len(ODD)))
def test_what_only_looks_like_an_envelope_is_a_plain_reject(document: Any) -> None:
    """Values of the wrong kind under the right names crash nothing, and nobody is told to switch something."""
    assert envelope_of(document) is None
    assert all(
        isinstance(verdict, Reject) and "this is" not in verdict.faults[0].detail
        for verdict in judge(json.dumps(document))
    )


@pytest.mark.parametrize("document", [document for _, document in CASES if isinstance(document, dict)], ids=str)
def test_a_submission_that_looks_like_one_is_published(document: dict[str, Any]) -> None:
    """Unknown fields beside a sound submission are ignored, whatever their names: only what is faulty is looked at."""
    assert (
        len(published(submission() | {key: value for key, value in document.items() if key not in submission()})) == 2
    )
