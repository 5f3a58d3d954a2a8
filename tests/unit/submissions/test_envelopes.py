"""Envelopes of services and libraries: recognised, told what to switch, and never mistaken for a submission."""

import base64
import gzip
import json
import zlib
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
        {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "s3": {"object": {"key": "k"}}}]},
        {"eventVersion": "2.1", "eventSource": "aws:s3", "s3": {"object": {"key": "k"}}},
        {"EventName": "s3:ObjectCreated:Put", "Key": "b/k", "Records": [{"eventSource": "minio:s3"}]},
    ],
    "an event of Lambda or Pipes": [
        {"Records": [{"messageId": "x", "eventSource": "aws:sqs", "body": INNER}]},
        [{"eventSource": "aws:kinesis", "data": in_base64(INNER)}],
        {"eventSource": "aws:kinesis", "eventID": "s:1", "partitionKey": "k", "data": in_base64(INNER)},
        {"messageId": "x", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:x", "body": INNER},
        {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Message": INNER}}]},
    ],
    "an EventBridge event": [
        BUS | {"detail-type": "submission", "resources": [], "detail": submission()},
        [BUS | {"detail-type": "submission", "detail": submission()}],
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
    "a request of API Gateway": [
        {"version": "2.0", "routeKey": "$default", "requestContext": {}, "headers": {}, "isBase64Encoded": False},
        {"resource": "/", "httpMethod": "POST", "headers": {}, "requestContext": {"elb": {}}, "body": INNER},
    ],
    "data of Firehose": [
        {"invocationId": "x", "deliveryStreamArn": "arn:aws:firehose:x", "records": [{"data": in_base64(INNER)}]},
        {"requestId": "x", "timestamp": 1578090901599, "records": [{"data": in_base64(INNER)}]},
    ],
    "a message of IoT Core": [
        {"clientId": "x", "timestamp": 1, "eventType": "connected", "principalIdentifier": "x"},
        {"state": {"reported": {}}, "metadata": {}, "version": 1, "timestamp": 1},
        {"state": {"desired": {}}, "version": 1},
        {"previous": {}, "current": {}, "timestamp": 1},
    ],
    "a job of a task library": [
        {"id": "x", "task": "t", "args": [INNER], "kwargs": {}, "retries": 0},
        {"queue_name": "q", "actor_name": "a", "args": [INNER], "kwargs": {}, "message_id": "x"},
        {"job_class": "J", "job_id": "x", "queue_name": "q", "arguments": [INNER]},
        {"uuid": "x", "displayName": "J", "job": "Illuminate\\Queue\\CallQueuedHandler@call", "data": {}},
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
    "data of CloudWatch Logs": [
        {"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": []},
        {"awslogs": {"data": "H4sIAAAAAAAA"}},
    ],
    "a notification of another AWS service": [
        {"s3Bucket": "b", "s3ObjectKey": ["k"]},
        {
            "messageType": "ConfigurationItemChangeNotification",
            "configurationItem": {},
            "notificationCreationTime": "x",
        },
        {"Event Source": "db-instance", "Event Time": "x", "Event Message": "m"},
        {"RequestType": "Create", "ResponseURL": "u", "StackId": "s", "ResourceProperties": {}},
    ],
    "a Pub/Sub push": [{"message": {"data": in_base64(INNER), "messageId": "1"}, "subscription": "s"}],
    "a Kafka Connect record": [
        {"schema": {"type": "struct"}, "payload": submission()},
        {"before": None, "after": submission(), "source": {}, "op": "c"},
    ],
    "a Segment or RudderStack event": [
        {"type": "track", "event": "submission", "messageId": "x", "userId": "u", "properties": submission()},
        {"type": "page", "messageId": "x", "anonymousId": "u", "context": {}},
    ],
    "a list of submissions": [[submission(), submission()]],
    "a submission inside another object": [{"data": submission()}],
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
    """An envelope with a key that appears twice is recognised, too."""
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
    {"records": [{"data": "x"}]},
    {"records": [1], "deliveryStreamArn": "x"},
    {"Records": {"eventSource": "aws:s3"}},
    {"eventSource": ["aws:s3"], "EventSource": None},
    {"state": "reported"},
    {"awslogs": "data"},
    {"message": "messageId", "subscription": "x"},
    [{"submission_id": "x"}],
    {"data": ["submission_id", "events"]},
]


@pytest.mark.parametrize("document", ODD, ids=range(len(ODD)))
def test_what_only_looks_like_an_envelope_is_a_plain_reject(document: Any) -> None:
    """Values of the wrong kind under the right names crash nothing, and nobody is told to switch something."""
    assert envelope_of(document) is None
    assert all(
        isinstance(verdict, Reject) and "this is" not in verdict.faults[0].detail
        for verdict in judge(json.dumps(document))
    )


def test_a_faulty_submission_is_no_envelope() -> None:
    """A submission with a fault and fields of its own is told its fault, not to switch something."""
    [reject] = rejects(json.dumps(submission(time_created=7) | {"type": "t", "messageId": "m", "userId": "u"}))

    assert [fault.pointer for fault in reject.faults] == ["/time_created"]
    assert "this is" not in reject.faults[0].detail


@pytest.mark.parametrize(
    ("packed", "named"),
    [(gzip.compress(INNER.encode()), "gzip"), (zlib.compress(INNER.encode()), "zlib"), (b"\x28\xb5\x2f\xfd", "Zst")],
    ids=["gzip", "zlib", "Zstandard"],
)
def test_a_compressed_body_is_named(packed: bytes, named: str) -> None:
    """A body that somebody compressed, as CloudWatch Logs does, is rejected with what it is."""
    [reject] = rejects(base64.b64encode(packed).decode())

    assert reject.reason == "not_utf8"
    assert f"holds {named}" in reject.faults[0].detail


@pytest.mark.parametrize("document", [document for _, document in CASES if isinstance(document, dict)], ids=str)
def test_a_submission_that_looks_like_one_is_published(document: dict[str, Any]) -> None:
    """Unknown fields beside a sound submission are ignored, whatever their names: only what is faulty is looked at."""
    assert (
        len(published(submission() | {key: value for key, value in document.items() if key not in submission()})) == 2
    )
