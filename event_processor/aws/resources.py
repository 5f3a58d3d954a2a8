"""Reads the properties of queue and stream."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from event_processor.aws.answer_fields import MalformedAnswer, mapping, maybe_text, number, text
from event_processor.aws.calls import Calls
from event_processor.errors import CallFailed
from event_processor.telling import CallObserver

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sqs import SQSClient

KIB: Final = 1024
_DEFAULT_RECORD_KIB: Final = 1024  # where the stream does not say: what it was before it could be set
_LEAST_RECORD_KIB: Final = 1024  # API reference, DescribeStreamSummary
_LEAST_MESSAGE_BYTES: Final = 1024  # API reference, SetQueueAttributes
_ATTRIBUTES: Final = (
    "VisibilityTimeout",
    "RedrivePolicy",
    "MaximumMessageSize",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class QueueProperties:
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
class StreamProperties:
    """A stream's summary, as far as it matters here."""

    name: str
    status: str
    mode: str
    shards: int
    record_limit_bytes: int
    ignores_partition_keys: bool

    @property
    def works(self) -> bool:
        """Whether records can be put and read."""
        return self.status in {"ACTIVE", "UPDATING"}


class ResourceReader:
    """Reads what queues and streams are. Raises CallFailed if one cannot be reached or read in so many attempts."""

    def __init__(self, sqs: "SQSClient", kinesis: "KinesisClient", observer: CallObserver, attempts: int) -> None:
        self._sqs, self._kinesis = sqs, kinesis
        self._calls = Calls(observer, attempts)

    def queue(self, name: str) -> QueueProperties:
        """The queue of that name."""
        with _about(f"queue {name}"):
            url = self._calls.make("find_queue", lambda: text(self._sqs.get_queue_url(QueueName=name), "QueueUrl"))
            return self._calls.make("read_queue", lambda: _queue_facts(name, url, self._attributes(url)))

    def stream(self, name: str) -> StreamProperties:
        """The stream of that name."""
        with _about(f"stream {name}"):
            return self._calls.make(
                "read_stream", lambda: _stream_facts(name, self._kinesis.describe_stream_summary(StreamName=name))
            )

    def _attributes(self, url: str) -> Mapping[str, Any]:
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_ATTRIBUTES))
        return mapping(answer, "Attributes")


def _queue_facts(name: str, url: str, found: Mapping[str, Any]) -> QueueProperties:
    redrive = _redrive(found)
    return QueueProperties(
        name=name,
        url=url,
        visibility_seconds=number(found, "VisibilityTimeout", 30),
        max_receive_count=number(redrive, "maxReceiveCount") if redrive.get("maxReceiveCount") is not None else None,
        dead_letter_queue=maybe_text(redrive, "deadLetterTargetArn"),
        largest_body_bytes=_limit(found, "MaximumMessageSize", KIB * KIB, _LEAST_MESSAGE_BYTES),
        visible=number(found, "ApproximateNumberOfMessages", 0),
        in_flight=number(found, "ApproximateNumberOfMessagesNotVisible", 0),
        delayed=number(found, "ApproximateNumberOfMessagesDelayed", 0),
    )


def _redrive(found: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return mapping({"RedrivePolicy": json.loads(maybe_text(found, "RedrivePolicy") or "{}")}, "RedrivePolicy")
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer("RedrivePolicy is not JSON") from error


def _stream_facts(name: str, answer: Any) -> StreamProperties:
    found = mapping(answer, "StreamDescriptionSummary")
    return StreamProperties(
        name=name,
        status=text(found, "StreamStatus"),
        mode=maybe_text(mapping(found, "StreamModeDetails"), "StreamMode") or "PROVISIONED",
        shards=number(found, "OpenShardCount"),
        record_limit_bytes=_limit(found, "MaxRecordSizeInKiB", _DEFAULT_RECORD_KIB, _LEAST_RECORD_KIB) * KIB,
        ignores_partition_keys=maybe_text(found, "RecordDistributionStrategy") == "AUTO",
    )


def _limit(found: Mapping[str, Any], name: str, default: int, least: int) -> int:
    """A size by which submissions are judged: one that AWS does not have would reject what is sound."""
    size = number(found, name, default)
    if size < least:
        raise MalformedAnswer(f"{name} is {size}, less than AWS allows")
    return size


@contextmanager
def _about(what: str) -> Iterator[None]:
    """Name what a failed call was about: AWS does not say which queue it has not found."""
    try:
        yield
    except CallFailed as error:
        raise CallFailed(error.operation, error.code, f"{what}: {error.detail}") from error
