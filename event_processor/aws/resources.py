"""What queue and stream say of themselves, and which of it will hurt."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from event_processor.aws.answers import MalformedAnswer, mapping, maybe_text, number, text
from event_processor.aws.calls import Calls
from event_processor.errors import CallFailed
from event_processor.submissions.extensions import safe_call_seconds
from event_processor.submissions.ports import Observer

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sqs import SQSClient

KIB: Final = 1024
_DEFAULT_RECORD_KIB: Final = 1024  # where the stream does not say: what it was before it could be set
_FEW_RECEIVES: Final = 3
_SHORT_VISIBILITY_SECONDS: Final = 20
_SLOW_CALL_SECONDS: Final = 0.1  # for an extension of ten messages: a far region, or a busy one
_ATTRIBUTES: Final = (
    "VisibilityTimeout",
    "RedrivePolicy",
    "MaximumMessageSize",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """A queue's attributes, as far as they matter here."""

    name: str
    url: str
    visibility_seconds: int
    max_receive_count: int | None
    dead_letter_queue: str | None
    largest_body_bytes: int
    visible: int
    in_flight: int
    delayed: int


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """A stream's summary, as far as it matters here."""

    name: str
    status: str
    mode: str
    shards: int
    record_limit_bytes: int
    ignores_partition_keys: bool


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that will hurt; `fatal` if no order or no work is possible with it."""

    text: str
    fatal: bool = False


class Inspector:
    """Reads the facts. Raises CallFailed if queue or stream cannot be reached or read in so many attempts."""

    def __init__(self, sqs: "SQSClient", kinesis: "KinesisClient", observer: Observer, attempts: int) -> None:
        self._sqs, self._kinesis = sqs, kinesis
        self._calls = Calls(observer, attempts)

    def queue(self, name: str) -> QueueFacts:
        """The queue of that name."""
        with _about(f"queue {name}"):
            url = self._calls.make("find_queue", lambda: text(self._sqs.get_queue_url(QueueName=name), "QueueUrl"))
            return self._calls.make("read_queue", lambda: _queue_facts(name, url, self._attributes(url)))

    def stream(self, name: str) -> StreamFacts:
        """The stream of that name."""
        with _about(f"stream {name}"):
            return self._calls.make(
                "read_stream", lambda: _stream_facts(name, self._kinesis.describe_stream_summary(StreamName=name))
            )

    def _attributes(self, url: str) -> Mapping[str, Any]:
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_ATTRIBUTES))
        return mapping(answer, "Attributes")


def _queue_facts(name: str, url: str, found: Mapping[str, Any]) -> QueueFacts:
    redrive = _redrive(found)
    return QueueFacts(
        name=name,
        url=url,
        visibility_seconds=number(found, "VisibilityTimeout", 30),
        max_receive_count=number(redrive, "maxReceiveCount") if redrive.get("maxReceiveCount") is not None else None,
        dead_letter_queue=maybe_text(redrive, "deadLetterTargetArn"),
        largest_body_bytes=number(found, "MaximumMessageSize", KIB * KIB),
        visible=number(found, "ApproximateNumberOfMessages", 0),
        in_flight=number(found, "ApproximateNumberOfMessagesNotVisible", 0),
        delayed=number(found, "ApproximateNumberOfMessagesDelayed", 0),
    )


def _redrive(found: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return mapping({"RedrivePolicy": json.loads(maybe_text(found, "RedrivePolicy") or "{}")}, "RedrivePolicy")
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer("RedrivePolicy is no JSON") from error


def _stream_facts(name: str, answer: Any) -> StreamFacts:
    found = mapping(answer, "StreamDescriptionSummary")
    return StreamFacts(
        name=name,
        status=text(found, "StreamStatus"),
        mode=maybe_text(mapping(found, "StreamModeDetails"), "StreamMode") or "PROVISIONED",
        shards=number(found, "OpenShardCount"),
        record_limit_bytes=number(found, "MaxRecordSizeInKiB", _DEFAULT_RECORD_KIB) * KIB,
        ignores_partition_keys=maybe_text(found, "RecordDistributionStrategy") == "AUTO",
    )


@contextmanager
def _about(what: str) -> Iterator[None]:
    """Name what a failed call was about: AWS does not say which queue it has not found."""
    try:
        yield
    except CallFailed as error:
        raise CallFailed(error.operation, error.code, f"{what}: {error.detail}") from error


def concerns(queue: QueueFacts, stream: StreamFacts, visibility_seconds: int) -> Iterator[Concern]:
    """What an operator should know before it hurts; `visibility_seconds` is our own setting."""
    if queue.dead_letter_queue is None:
        yield Concern(
            f"queue {queue.name} has no dead-letter queue: a submission that cannot be finished comes again until it "
            "expires; set a RedrivePolicy"
        )
    elif queue.max_receive_count is not None and queue.max_receive_count < _FEW_RECEIVES:
        yield Concern(
            f"queue {queue.name} moves a message to its dead-letter queue after {queue.max_receive_count} receives: "
            "restarts and outages count as receives; 10 is sensible"
        )
    if visibility_seconds < _SHORT_VISIBILITY_SECONDS:
        yield Concern(
            f"VISIBILITY_TIMEOUT is {visibility_seconds} s: it is extended after {visibility_seconds / 2:g} s, and one "
            f"slow call makes it too late, so submissions are done twice; {_SHORT_VISIBILITY_SECONDS} s or more is safe"
        )
    if stream.status not in {"ACTIVE", "UPDATING"}:
        yield Concern(f"stream {stream.name} is {stream.status}, not ACTIVE", fatal=True)
    if stream.ignores_partition_keys:
        yield Concern(
            f"stream {stream.name} has RecordDistributionStrategy AUTO, which ignores partition keys: no order is "
            "possible; set USER_PARTITION_KEY",
            fatal=True,
        )


def size_concerns(queue: QueueFacts, rejects: QueueFacts) -> Iterator[Concern]:
    """Whether the queue of rejects can take what the queue of submissions lets in."""
    if rejects.url == queue.url:
        yield Concern(
            f"REJECTS_QUEUE is {rejects.name}, the queue of submissions itself: rejects go around", fatal=True
        )
    if rejects.largest_body_bytes < queue.largest_body_bytes:
        yield Concern(
            f"queue {rejects.name} takes messages of {rejects.largest_body_bytes} bytes, queue {queue.name} of "
            f"{queue.largest_body_bytes}: a reject that does not fit, compressed, is stored without its original, "
            "whose message comes again until its dead-letter queue has it; set the MaximumMessageSize of the first to "
            "that of the second"
        )


def holding_concerns(max_in_flight: int, visibility_seconds: int) -> Iterator[Concern]:
    """Whether so many submissions can be held at once, by our own settings."""
    seconds = safe_call_seconds(max_in_flight, visibility_seconds)
    if seconds < _SLOW_CALL_SECONDS:
        yield Concern(
            f"MAX_IN_FLIGHT {max_in_flight} with VISIBILITY_TIMEOUT {visibility_seconds} s: goes well "
            f"while ChangeMessageVisibilityBatch takes under {seconds * 1000:.0f} ms; with slower calls some "
            "submissions are done twice; lower the first, or raise the second"
        )
