"""Recognises submissions in the envelope of a service or library before the queue, and says what to change there.

Called only for documents that are not submissions.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from event_processor.verdict import Fault

_POINTERS: Final = (
    "software.amazon.payloadoffloading.PayloadS3Pointer",
    "com.amazon.sqs.javamessaging.MessageS3Pointer",
)


class Envelope(NamedTuple):
    """A kind of envelope: what it is called, what is to be done, and how it is known, by keys that only it has."""

    name: str
    advice: str
    fits: Callable[[Any], bool]


def _keys(*names: str) -> Callable[[Any], bool]:
    return lambda document: isinstance(document, dict) and all(name in document for name in names)


def _is_sns(document: Any) -> bool:
    return _keys("Type", "TopicArn", "Message")(document) and isinstance(document["Type"], str)


def _any_of(*fitting: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda document: any(fits(document) for fits in fitting)


def _holds(name: str, *names: str) -> Callable[[Any], bool]:
    """Under that name another object with these names."""
    return lambda document: _keys(name)(document) and _keys(*names)(document[name])


def _first(document: Any, name: str) -> Any:
    """The first of a list under that name."""
    listed = document.get(name) if isinstance(document, dict) else None
    return listed[0] if isinstance(listed, list) and listed else None


def _source_of(document: Any) -> str:
    """The source of a record as Lambda, Pipes and S3 have it: in `Records`, or alone (as Pipes sends it to SQS)."""
    record = _first(document, "Records") or document
    names = ("eventSource", "EventSource")  # SNS spells it so
    sources = [record.get(name) for name in names] if isinstance(record, dict) else []
    return next((source for source in sources if isinstance(source, str)), "")


def _is_firehose(document: Any) -> bool:
    record = _first(document, "records")
    return _keys("data")(record) and _any_of(_keys("deliveryStreamArn"), _keys("requestId", "timestamp"))(document)


def _is_tracked(document: Any) -> bool:
    return _keys("type", "messageId")(document) and _any_of(_keys("anonymousId"), _keys("userId"))(document)


def _is_submission(document: Any) -> bool:
    return _keys("submission_id", "events")(document)


def _is_around_a_submission(document: Any) -> bool:
    return isinstance(document, dict) and any(map(_is_submission, document.values()))


def _is_test(document: Any) -> bool:
    event = document.get("Event") if isinstance(document, dict) else None
    return isinstance(event, str) and event in {"s3:TestEvent", "autoscaling:TEST_NOTIFICATION"}


def _is_pointer(document: Any) -> bool:
    if isinstance(document, list):
        return len(document) == 2 and isinstance(document[0], str) and document[0] in _POINTERS
    return _keys("S3Payload")(document) or _keys("s3BucketName", "s3Key")(document)


def _is_text(document: Any) -> bool:
    """Told by its two ends: unfolded, a text of a mebibyte may be sixty times its size."""
    return isinstance(document, str) and (document.strip()[:1], document.strip()[-1:]) in {("{", "}"), ("[", "]")}


ENVELOPES: Final = (
    Envelope("an SNS message", "turn on raw message delivery for the queue's subscription", _is_sns),
    Envelope(
        "an S3 test event",
        "harmless, S3 sends it when notifications are set up; send them to another queue",
        _is_test,
    ),
    Envelope(
        "an S3 notification",
        "send the bucket's notifications to another queue: they name objects, and hold no submission",
        lambda document: _source_of(document).endswith(":s3"),  # also of MinIO and Ceph
    ),
    Envelope(
        "an event of Lambda or Pipes",
        "forward each record's own body or data, not the event around it (Pipes: an input template)",
        lambda document: _source_of(document).startswith("aws:"),
    ),
    Envelope(
        "an EventBridge event",
        "have the rule's target send the part that is the submission: InputPath $.detail, or an input transformer",
        _keys("detail-type", "source", "detail"),
    ),
    Envelope(
        "a record of a Lambda destination",
        "send the function's result itself: the destination wraps it in requestPayload and responsePayload",
        _keys("requestContext", "version", "timestamp"),
    ),
    Envelope(
        "a request of API Gateway",
        "have the integration send the body alone: $request.body (HTTP API), $input.body (REST API)",
        _any_of(_keys("requestContext", "headers", "isBase64Encoded"), _keys("requestContext", "httpMethod")),
    ),
    Envelope(
        "data of Firehose",
        "send each record's own data, decoded, not the request around it",
        _is_firehose,
    ),
    Envelope(
        "a message of IoT Core",
        "forward the device's own message: a topic rule with SELECT * on its topic, no lifecycle events or shadows",
        _any_of(
            _keys("clientId", "eventType", "timestamp"),
            _holds("state", "reported"),
            _holds("state", "desired"),
            _keys("previous", "current", "timestamp"),
        ),
    ),
    Envelope(
        "a Celery or kombu task",
        "give the tasks a queue of their own, or send the submission with SQS's SendMessage and not as a task",
        _keys("body", "headers", "properties"),
    ),
    Envelope(
        "a job of a task library",
        "give the jobs a queue of their own, or send the submission with SQS's SendMessage and not as a job",
        _any_of(
            _keys("task", "args", "kwargs"),  # Celery's older protocol
            _keys("actor_name", "queue_name", "args"),  # Dramatiq
            _keys("job_class", "arguments"),  # Active Job, Shoryuken
            _keys("displayName", "job", "data"),  # Laravel
        ),
    ),
    Envelope(
        "a pointer of an SQS extended client",
        "send the submission itself, it may have 1 MiB: raise the client's size threshold, turn off always-through-S3",
        _is_pointer,
    ),
    Envelope(
        "a CloudWatch alarm",
        "send the alarm's notifications to another queue",
        _keys("AlarmName", "NewStateValue"),
    ),
    Envelope(
        "data of CloudWatch Logs",
        "send the subscription's data to another queue",
        _any_of(_keys("messageType", "logGroup", "logEvents"), _holds("awslogs", "data")),
    ),
    Envelope(
        "an SES notification",
        "send the notifications of SES to another queue",
        lambda document: (
            _keys("mail")(document) and (_keys("notificationType")(document) or _keys("eventType")(document))
        ),
    ),
    Envelope(
        "an Auto Scaling notification",
        "send the lifecycle hook's notifications to another queue",
        _keys("AutoScalingGroupName", "AutoScalingGroupARN"),
    ),
    Envelope(
        "a notification of another AWS service",
        "send the notifications to another queue",
        _any_of(
            _keys("s3Bucket", "s3ObjectKey"),  # CloudTrail
            _keys("messageType", "notificationCreationTime"),  # Config
            _keys("Event Source", "Event Message"),  # RDS, Redshift
            _keys("RequestType", "ResponseURL", "StackId"),  # a custom resource of CloudFormation
        ),
    ),
    Envelope(
        "a CloudEvent",
        "send its data alone (binary content mode)",
        _keys("specversion", "type", "source", "id"),
    ),
    Envelope(
        "a MassTransit or NServiceBus message",
        "use the library's raw JSON serializer",
        _keys("messageId", "messageType", "message"),
    ),
    Envelope(
        "a Pub/Sub push",
        "forward its message.data alone: turn on payload unwrapping for the subscription",
        lambda document: _keys("subscription")(document) and _holds("message", "messageId")(document),
    ),
    Envelope(
        "a Kafka Connect record",
        "set schemas.enable=false for the value converter; for Debezium, add the transform ExtractNewRecordState",
        _any_of(_keys("schema", "payload"), _keys("before", "after", "op")),
    ),
    Envelope(
        "a Segment or RudderStack event",
        "send the submission itself with SQS's SendMessage, not as the properties of an event",
        _is_tracked,
    ),
    Envelope(
        "a list of submissions",
        "send each submission as a message of its own",
        lambda document: isinstance(document, list) and bool(document) and _is_submission(document[0]),
    ),
    Envelope(
        "a submission inside another object",
        "send what is inside as the message itself",
        _is_around_a_submission,
    ),
    Envelope(
        "JSON in a JSON string",
        "it is encoded twice: send the document itself",
        _is_text,
    ),
)


def envelope_of(document: Any) -> Envelope | None:
    """The envelope that a document is, or the first of a list, if we know it. Never fails, whatever the document."""
    if _is_submission(document):
        return None  # a faulty one; what else is in it says nothing of how it came
    tried = [document]
    if isinstance(document, list) and document and isinstance(document[0], dict):
        tried.append(document[0])
    return next((envelope for each in tried for envelope in ENVELOPES if envelope.fits(each)), None)


def advised(faults: tuple[Fault, ...], document: Any) -> tuple[Fault, ...]:
    """The faults of a document, the first with what to switch if it is an envelope; reasons stay what they are."""
    envelope = envelope_of(document)
    if envelope is None:
        return faults
    first, *others = faults
    return (replace(first, detail=f"{first.detail}; this is {envelope.name}: {envelope.advice}"), *others)
