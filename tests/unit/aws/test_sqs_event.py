"""The event of an SQS event source mapping: what can be read is, and what cannot is never lost."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from event_processor.aws.sqs_event import read_event
from event_processor.errors import NotAnSqsEvent
from tests.unit.samples import RECEIVED_AT

STANDARD = "arn:aws:sqs:eu-west-1:123456789012:submissions"
FIFO = STANDARD + ".fifo"

# As AWS shows it in its developer guide, "Using Lambda with Amazon SQS", with a submission as the body.
SAMPLE: dict[str, Any] = {
    "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
    "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
    "body": "eyJzdWJtaXNzaW9uX2lkIjogIjhiZTAxOTc0In0=",
    "attributes": {
        "ApproximateReceiveCount": "3",
        "SentTimestamp": "1545082649183",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1545082649185",
    },
    "messageAttributes": {},
    "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
    "eventSource": "aws:sqs",
    "eventSourceARN": STANDARD,
    "awsRegion": "eu-west-1",
}
ABSENT = "absent"


def record(number: int, arn: str = STANDARD, group: str | None = None, **fields: Any) -> dict[str, Any]:
    """The record of message `m<number>`, with these fields instead of its own; less those that are ABSENT."""
    attributes = {**SAMPLE["attributes"], **({} if group is None else {"MessageGroupId": group})}
    made = {**SAMPLE, "messageId": f"m{number}", "eventSourceARN": arn, "attributes": attributes, **fields}
    return {name: value for name, value in made.items() if value != ABSENT}


def read(*records: Any, traced: bool = False) -> Any:
    """The batch of an event with these records."""
    return read_event({"Records": list(records)}, RECEIVED_AT, traced)


def ids(*records: Any) -> tuple[list[str], list[str]]:
    """The ids of the messages that can be worked on, and of the others."""
    batch = read(*records)
    return [delivery.message_id for delivery in batch.deliveries], batch.unread


def test_the_sample_of_aws() -> None:
    """Each fact of a record is read, as from a receive."""
    (delivery,) = read(SAMPLE).deliveries

    assert delivery.message_id == SAMPLE["messageId"]
    assert delivery.receipt_handle == SAMPLE["receiptHandle"]
    assert delivery.body == SAMPLE["body"]
    assert delivery.receive_count == 3
    assert delivery.sent_at == datetime(2018, 12, 17, 21, 37, 29, 183000, tzinfo=UTC)
    assert delivery.received_at == RECEIVED_AT
    assert (delivery.group, delivery.trace_parent) == (None, None)


def test_no_records() -> None:
    """An empty batch is a batch."""
    assert read() == ([], [], [])


def test_a_group_counts_on_a_fifo_queue_only() -> None:
    """On a standard queue a message group is for fairness; it says nothing of order."""
    numbered = {**SAMPLE["attributes"], "MessageGroupId": "a", "SequenceNumber": "18849496460467696128"}

    assert read(record(1, FIFO, "a")).deliveries[0].group == "a"
    assert read(record(1, STANDARD, "a")).deliveries[0].group is None
    assert read(record(1, ABSENT, attributes=numbered)).deliveries[0].group == "a", "only FIFO queues number"


@pytest.mark.parametrize("attributes", [ABSENT, None, {}])
def test_a_record_without_attributes(attributes: Any) -> None:
    """They say when it was sent and how often it came; it can be published without."""
    (delivery,) = read(record(1, attributes=attributes)).deliveries

    assert (delivery.receive_count, delivery.sent_at) == (1, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"body": ABSENT},
        {"body": None},
        {"body": {"a": 1}},
        {"body": ""},
        {"eventSource": ABSENT},
        {"eventSource": "aws:kinesis"},
        {"attributes": "text"},
        {"attributes": {"ApproximateReceiveCount": "often"}},
        {"attributes": {"SentTimestamp": "9" * 40}},
    ],
    ids=str,
)
def test_a_record_that_cannot_be_read(fields: dict[str, Any]) -> None:
    """It comes again, and the others are worked on."""
    assert ids(record(1), record(2, **fields), record(3)) == (["m1", "m3"], ["m2"])
    assert read(record(1), record(2, **fields)).problems[0].startswith("m2: ")


def test_what_is_behind_a_record_that_cannot_be_read() -> None:
    """On a FIFO queue it must not be overtaken by its group; if it does not say which that is, by nothing."""
    unread = record(2, FIFO, "a", body=None)
    groupless = record(2, FIFO)

    assert ids(record(1, FIFO, "a"), unread, record(3, FIFO, "a"), record(4, FIFO, "b")) == (["m1", "m4"], ["m2", "m3"])
    assert ids(record(1, FIFO, "a"), groupless, record(3, FIFO, "b")) == (["m1"], ["m2", "m3"])


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"detail": {}, "source": "x"}, "an object with the keys detail, source"),
        ({}, r"keys \(none\)"),
        ([], "of type list"),
        ("text", "of type str"),
        (None, "of type NoneType"),
        ({"Records": None}, "keys Records, without a list"),
        ({"Records": {}}, "without a list of Records"),
        ({"Records": [5]}, "record 0 is of type int, without a messageId"),
        ({"Records": [SAMPLE, record(2, messageId=ABSENT)]}, "record 1 is an object with the keys receiptHandle"),
        ({"Records": [SAMPLE, record(2, messageId="")]}, "record 1 is an object"),
        ({"Records": [SAMPLE, record(2, messageId=7)]}, "record 1 is an object"),
        (
            {"Records": [record(1, eventSource="aws:sns"), record(2, eventSource=ABSENT)]},
            "its records are of 'aws:sns'",
        ),
        ({"Records": [{"eventSource": "aws:kinesis", "kinesis": {}}]}, "without a messageId"),
    ],
    ids=lambda value: json.dumps(value)[:40] if not isinstance(value, str) else "",
)
def test_not_an_sqs_event(event: Any, said: str) -> None:
    """It says what came, without the payload; also for a single record that no answer could name."""
    with pytest.raises(NotAnSqsEvent, match=f"^not an SQS event: .*{said}") as raised:
        read_event(event, RECEIVED_AT, is_traced=False)

    assert "\n" not in str(raised.value)
    assert SAMPLE["body"] not in str(raised.value)


def test_a_long_key_makes_no_long_line() -> None:
    """Whoever calls us with nonsense does not fill the log."""
    with pytest.raises(NotAnSqsEvent) as raised:
        read_event({"x" * 100_000: 1}, RECEIVED_AT, is_traced=False)

    assert len(str(raised.value)) < 2_000


def test_the_senders_trace() -> None:
    """X-Ray's header of the queue, or the sender's own attribute, which goes first; only where it is wanted."""
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    attribute = {"traceparent": {"stringValue": own, "dataType": "String", "stringListValues": []}}
    traced = record(1, attributes={**SAMPLE["attributes"], "AWSTraceHeader": header})

    assert read(traced, traced=True).deliveries[0].trace_parent == (
        "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
    )
    assert read({**traced, "messageAttributes": attribute}, traced=True).deliveries[0].trace_parent == own
    assert read({**traced, "messageAttributes": attribute}).deliveries[0].trace_parent is None


@pytest.mark.parametrize("attributes", [ABSENT, None, 5, [], {"traceparent": 5}, {"traceparent": {"stringValue": 5}}])
def test_a_trace_that_cannot_be_read_costs_no_message(attributes: Any) -> None:
    """The message is worked on, in a trace of its own."""
    (delivery,) = read(record(1, messageAttributes=attributes), traced=True).deliveries

    assert delivery.trace_parent is None
