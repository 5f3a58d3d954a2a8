"""Makes the queues and the stream where they are missing: for laptops and tests, not instead of Terraform."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from event_processor.aws.answer_fields import mapping, text
from event_processor.aws.calls import code_of
from event_processor.aws.network.reading import Reading
from event_processor.aws.sqs_messages import FIFO
from event_processor.errors import CallFailed

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

MAX_RECEIVE_COUNT: Final = 10
_ACTIVE_SECONDS: Final = 60


class Provisioner:
    """Makes what is missing and leaves alone what is there. Raises CallFailed."""

    def __init__(self, sqs: "SQSClient", kinesis: "KinesisClient") -> None:
        self._sqs, self._kinesis = sqs, kinesis

    def provision(self, queue: str, rejects_queue: str, stream: str, shards: int) -> Iterator[str]:
        """Yields a line for each thing: made, or was there."""
        with _as_call():
            fifo = {"FifoQueue": "true"} if queue.endswith(FIFO) else {}
            dead_letters = f"{queue.removesuffix(FIFO)}-dead-letters{FIFO if fifo else ''}"
            yield self._queue(dead_letters, fifo)
            yield self._queue(rejects_queue, {})
            redrive = {"deadLetterTargetArn": self._arn(dead_letters), "maxReceiveCount": MAX_RECEIVE_COUNT}
            yield self._queue(queue, {"RedrivePolicy": json.dumps(redrive)} | fifo)
            yield self._stream(stream, shards)

    def stream(self, name: str, shards: int) -> str:
        """Only the stream."""
        with _as_call():
            return self._stream(name, shards)

    def queue(self, name: str) -> str:
        """Only this queue, without a dead-letter queue."""
        with _as_call():
            return self._queue(name, {})

    def bucket(self, client: "S3Client", name: str) -> str:
        """This bucket, closed to the public as S3 makes all buckets."""
        with _as_call(), Reading():
            found = [bucket.get("Name") for bucket in client.list_buckets().get("Buckets", [])]
            if name not in found:
                region = client.meta.region_name
                where: Any = {} if region == "us-east-1" else {"LocationConstraint": region}
                client.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
            return f"bucket  {name}: {'already exists' if name in found else 'created'}"

    def _queue(self, name: str, attributes: dict[str, str]) -> str:
        try:
            self._url(name)
        except ClientError as error:
            if not code_of(error).startswith(("NonExistentQueue", "QueueDoesNotExist")):
                raise
        else:
            return f"queue   {name}: already exists"
        wanted: Any = attributes
        with Reading():
            self._sqs.create_queue(QueueName=name, Attributes=wanted)
        return f"queue   {name}: created"

    def _arn(self, queue: str) -> str:
        url = self._url(queue)
        with Reading():
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            return text(mapping(answer, "Attributes"), "QueueArn")

    def _url(self, queue: str) -> str:
        with Reading():
            return text(self._sqs.get_queue_url(QueueName=queue), "QueueUrl")

    def _stream(self, name: str, shards: int) -> str:
        made = "already exists"
        try:
            with Reading():
                self._kinesis.create_stream(StreamName=name, ShardCount=shards)
            made = f"created, {shards} shard{'s' if shards > 1 else ''}"
        except ClientError as error:
            if code_of(error) != "ResourceInUseException":
                raise
        deadline = time.monotonic() + _ACTIVE_SECONDS
        while self._status(name) != "ACTIVE":
            if time.monotonic() > deadline:
                raise CallFailed("provision", "NotActive", f"stream {name} is not ACTIVE after {_ACTIVE_SECONDS} s")
            time.sleep(0.2)
        return f"stream  {name}: {made}"

    def _status(self, name: str) -> str:
        with Reading():
            answer = self._kinesis.describe_stream_summary(StreamName=name)
            return text(mapping(answer, "StreamDescriptionSummary"), "StreamStatus")


@contextmanager
def _as_call() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise CallFailed("provision", code_of(error), " ".join(str(error).split())) from error
