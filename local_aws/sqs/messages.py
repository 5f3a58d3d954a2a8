"""The operations on messages: send, receive, delete and change visibility, single and in batches."""

from collections.abc import Callable, Mapping
from uuid import uuid4

from local_aws.clock import Clock
from local_aws.errors import AwsError, Json
from local_aws.faults import FaultDice
from local_aws.sqs.batch import checked_entries, run_entries
from local_aws.sqs.delivery import as_received
from local_aws.sqs.directory import QueueDirectory
from local_aws.sqs.errors import invalid_parameter, missing_parameter, sqs_error
from local_aws.sqs.fifo import set_ids
from local_aws.sqs.message import (
    Message,
    checked_attributes,
    checked_body,
    md5_of_attributes,
    md5_of_body,
    size_bytes,
)
from local_aws.sqs.params import integer, text
from local_aws.sqs.queue import MAX_VISIBILITY_SECONDS, Queue

MAX_BATCH_BYTES = 1_048_576
MAX_RECEIVE = 10


class Messages:
    """Message operations on the queues of a directory; ReceiveMessage never waits here, see ``long_poll``.

    ``dice`` gives the faults of the moment.
    """

    def __init__(self, directory: QueueDirectory, clock: Clock, dice: Callable[[], FaultDice]) -> None:
        self._directory = directory
        self._clock = clock
        self._dice = dice
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "ChangeMessageVisibility": self.change_visibility,
            "ChangeMessageVisibilityBatch": self.change_visibility_batch,
            "DeleteMessage": self.delete,
            "DeleteMessageBatch": self.delete_batch,
            "SendMessage": self.send,
            "SendMessageBatch": self.send_batch,
        }

    def send(self, params: Json) -> Json:
        """SendMessage."""
        return self._send(self._directory.find(params), params)

    def send_batch(self, params: Json) -> Json:
        """SendMessageBatch; the payload of all entries together has the limit of one message."""
        queue = self._directory.find(params)
        entries = checked_entries(params)
        if sum(_payload_bytes(entry) for entry in entries) > MAX_BATCH_BYTES:
            message = f"Batch requests cannot be longer than {MAX_BATCH_BYTES} bytes."
            raise sqs_error("BatchRequestTooLong", message)
        return self._run("SendMessageBatch", entries, lambda entry: self._send(queue, entry))

    def receive(self, params: Json) -> list[Json]:
        """ReceiveMessage without waiting: the messages that are visible now."""
        queue = self._directory.find(params)
        limit = integer(params, "MaxNumberOfMessages", 1, 1, MAX_RECEIVE)
        visibility = integer(
            params, "VisibilityTimeout", queue.attributes.visibility_seconds, 0, MAX_VISIBILITY_SECONDS
        )
        received = queue.receive(limit, visibility, self._directory.redrive(queue))
        for message, _ in received:
            # FIFO queues introduce no repeats of their own.
            if not queue.is_fifo and not message.copy and self._dice().duplicates_message():
                queue.add_copy(message, 0)
        return [as_received(message, handle, params, fifo=queue.is_fifo) for message, handle in received]

    def delete(self, params: Json) -> Json:
        """DeleteMessage."""
        return self._delete(self._directory.find(params), params)

    def delete_batch(self, params: Json) -> Json:
        """DeleteMessageBatch."""
        queue = self._directory.find(params)
        return self._run("DeleteMessageBatch", checked_entries(params), lambda entry: self._delete(queue, entry))

    def change_visibility(self, params: Json) -> Json:
        """ChangeMessageVisibility."""
        return self._change_visibility(self._directory.find(params), params)

    def change_visibility_batch(self, params: Json) -> Json:
        """ChangeMessageVisibilityBatch."""
        queue = self._directory.find(params)
        entries = checked_entries(params)
        return self._run("ChangeMessageVisibilityBatch", entries, lambda entry: self._change_visibility(queue, entry))

    def _run(self, operation: str, entries: list[Json], work: Callable[[Json], Json]) -> Json:
        dice = self._dice()

        def work_or_fail(entry: Json) -> Json:
            if dice.fails_entry(operation):
                raise sqs_error("InternalError", "Injected: internal error.", status=500)
            return work(entry)

        return run_entries(entries, work_or_fail)

    def _send(self, queue: Queue, entry: Json) -> Json:
        body = checked_body(entry)
        attributes = checked_attributes(entry, "MessageAttributes")
        system_attributes = checked_attributes(entry, "MessageSystemAttributes")
        limit_bytes = queue.attributes.max_message_bytes
        if size_bytes(body, attributes) > limit_bytes:
            raise invalid_parameter("MessageBody", "", f"Message must be shorter than {limit_bytes} bytes.")
        delay_seconds = integer(entry, "DelaySeconds", queue.attributes.delay_seconds, 0, 900)
        message = Message(str(uuid4()), body, self._clock.now(), attributes, _trace_header(system_attributes))
        set_ids(message, entry, queue.attributes)
        receipt = queue.send(message, delay_seconds)
        answer = {"MessageId": receipt.message_id, "MD5OfMessageBody": md5_of_body(body)}
        if queue.is_fifo:
            answer["SequenceNumber"] = receipt.sequence_number
        if attributes:
            answer["MD5OfMessageAttributes"] = md5_of_attributes(attributes)
        if system_attributes:
            answer["MD5OfMessageSystemAttributes"] = md5_of_attributes(system_attributes)
        return answer

    def _delete(self, queue: Queue, entry: Json) -> Json:
        deleted = queue.delete(text(entry, "ReceiptHandle"))
        if deleted and not queue.is_fifo and not deleted.copy:
            seconds = self._dice().undelete_seconds()
            if seconds is not None:
                queue.add_copy(deleted, seconds)
        return {}

    @staticmethod
    def _change_visibility(queue: Queue, entry: Json) -> Json:
        if entry.get("VisibilityTimeout") is None:
            raise missing_parameter("VisibilityTimeout")
        seconds = integer(entry, "VisibilityTimeout", 0, 0, MAX_VISIBILITY_SECONDS)
        queue.change_visibility(text(entry, "ReceiptHandle"), seconds)
        return {}


def _payload_bytes(entry: Json) -> int:
    body = entry.get("MessageBody")
    body_bytes = len(body.encode(errors="surrogatepass")) if isinstance(body, str) else 0
    # An entry whose attributes are wrong fails by itself later and is not measured.
    try:
        return body_bytes + size_bytes("", checked_attributes(entry, "MessageAttributes"))
    except AwsError:
        return body_bytes


def _trace_header(system_attributes: Json | None) -> str | None:
    if not system_attributes:
        return None
    if set(system_attributes) != {"AWSTraceHeader"}:
        raise invalid_parameter(
            "MessageSystemAttributes", sorted(system_attributes), "Only AWSTraceHeader can be sent."
        )
    trace_header: str | None = system_attributes["AWSTraceHeader"].get("StringValue")
    return trace_header
