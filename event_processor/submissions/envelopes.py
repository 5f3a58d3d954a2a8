"""Recognises submissions in the envelope of a service or library before the queue, and says what to change there.

Called only for documents that are not submissions.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from event_processor.rejects.reject import Fault

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


def _is_event_of(prefix: str) -> Callable[[Any], bool]:
    """Of records as Lambda and S3 have them: in a list, or in `Records`."""

    def fits(document: Any) -> bool:
        records = document.get("Records") if isinstance(document, dict) else document
        first = records[0] if isinstance(records, list) and records else None
        source = first.get("eventSource") if isinstance(first, dict) else None
        return isinstance(source, str) and source.startswith(prefix)

    return fits


def _is_test(document: Any) -> bool:
    event = document.get("Event") if isinstance(document, dict) else None
    return isinstance(event, str) and event in {"s3:TestEvent", "autoscaling:TEST_NOTIFICATION"}


def _is_pointer(document: Any) -> bool:
    if isinstance(document, list):
        return len(document) == 2 and isinstance(document[0], str) and document[0] in _POINTERS
    return _keys("S3Payload")(document) or _keys("s3BucketName", "s3Key")(document)


def _is_text(document: Any) -> bool:
    """By its ends: unfolded, a text of a mebibyte may be sixty times its size."""
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
        _is_event_of("aws:s3"),
    ),
    Envelope(
        "an event of Lambda or Pipes",
        "forward each record's own body or data, not the event around it (Pipes: an input template)",
        _is_event_of("aws:"),
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
        "a Celery or kombu task",
        "give the tasks a queue of their own, or send the submission with SQS's SendMessage and not as a task",
        _keys("body", "headers", "properties"),
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
        _keys("messageType", "logGroup", "logEvents"),
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
        "JSON in a JSON string",
        "it is encoded twice: send the document itself",
        _is_text,
    ),
)


def envelope_of(document: Any) -> Envelope | None:
    """The envelope that a document is, if it is one that we know. Never fails, whatever the document."""
    return next((envelope for envelope in ENVELOPES if envelope.fits(document)), None)


def advised(faults: tuple[Fault, ...], document: Any) -> tuple[Fault, ...]:
    """The faults of a document, the first with what to switch if it is an envelope; reasons stay what they are."""
    envelope = envelope_of(document)
    if envelope is None:
        return faults
    first, *others = faults
    return (replace(first, detail=f"{first.detail}; this is {envelope.name}: {envelope.advice}"), *others)
