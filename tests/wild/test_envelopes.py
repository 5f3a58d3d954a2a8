"""Bodies that somebody wrapped on the way: from services that others forgot to tell not to."""

import json
from typing import Any, Final

import pytest

from event_processor.clock import SystemClock
from event_processor.testing import MemoryQueue, MemoryRejects, MemoryStream
from tests.eventually import eventually
from tests.integration.rig import running
from tests.unit.samples import body

SNS: Final = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": "arn:aws:sns:us-west-2:123456789012:MyTopic",
    "Message": body(),
    "Timestamp": "2012-05-02T00:54:06.655Z",
    "SignatureVersion": "1",
    "Signature": "EXAMPLE",
    "SigningCertURL": "https://sns.us-west-2.amazonaws.com/SimpleNotificationService.pem",
    "UnsubscribeURL": "https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe",
}
EVENTBRIDGE: Final = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "submission",
    "source": "sensors",
    "account": "111122223333",
    "time": "2017-12-22T18:43:48Z",
    "region": "us-west-1",
    "resources": [],
    "detail": json.loads(body()),
}
S3_TEST: Final = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2014-10-13T15:57:02.089Z",
    "Bucket": "bucketname",
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
}
POINTER: Final = [
    "software.amazon.payloadoffloading.PayloadS3Pointer",
    {"s3BucketName": "payloads", "s3Key": "b0a8a3d5-9c58-4e0a-b3ab-7c1f7dbd7f3d"},
]


@pytest.mark.parametrize(
    ("document", "named"),
    [(SNS, "SNS"), (EVENTBRIDGE, "EventBridge"), (S3_TEST, "S3"), (POINTER, "S3")],
    ids=["SNS", "EventBridge", "S3 test event", "S3 pointer"],
)
def test_the_reject_names_the_envelope(document: Any, named: str) -> None:
    """A wrapped submission is rejected once, never comes again, and its reject says who wrapped it."""
    # divviup/prio-server#328, aws/aws-dotnet-messaging#18, open-telemetry/opentelemetry-collector-contrib#47045,
    # redpanda-data/connect#4667, awslabs/amazon-sqs-java-extended-client-lib#31
    queue, rejects, stream = MemoryQueue(SystemClock()), MemoryRejects(), MemoryStream()
    queue.send(json.dumps(document))
    with running(queue, stream, rejects) as run:
        eventually(lambda: len(queue) == 0)

    [reject] = rejects.stored
    assert any(named in fault.detail for fault in reject.faults)
    assert len(run.observer.of("received")) == 1
    assert stream.stored == []
