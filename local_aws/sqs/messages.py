"""The operations on messages: send, receive, delete and change visibility, single and in batches."""

from collections.abc import Callable, Mapping
from uuid import uuid4

from local_aws.clock import Clock
from local_aws.errors import AwsError, Json
from local_aws.faults import FaultDice
from local_aws.sqs.batch import checked_entries, run_entries
from local_aws.sqs.delivery import as_received, check_wanted
from local_aws.sqs.directory import QueueDirectory
from local_aws.sqs.errors import missing_parameter, sqs_error, wrong_parameters
from local_aws.sqs.fifo import check_attempt, check_batch, set_ids
from local_aws.sqs.message import Message, checked_body, md5_of_body, size_bytes
from local_aws.sqs.message_attributes import attributes_bytes, checked_attributes, md5_of_attributes
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
            "ChangeMessageVisibility": self._one(self._change_visibility),
            "ChangeMessageVisibilityBatch": self._each("ChangeMessageVisibilityBatch", self._change_visibility),
            "DeleteMessage": self._one(self._delete),
            "DeleteMessageBatch": self._each("DeleteMessageBatch", self._delete),
        }
        self.sends: Mapping[str, Callable[[Json, str], Json]] = {
            "SendMessage": self.send,
            "SendMessageBatch": self.send_batch,
        }

    def send(self, params: Json, trace_header: str) -> Json:
        """SendMessage. A trace header of the request becomes the message's, unless it names its own."""
        return self._send(self._directory.find(params), params, trace_header)

    def send_batch(self, params: Json, trace_header: str) -> Json:
        """SendMessageBatch; the payload of all entries together has the limit of one message."""
        queue = self._directory.find(params)
        entries = checked_entries(params, "SendMessageBatch")
        sent_bytes = sum(_payload_bytes(entry) for entry in entries)
        if sent_bytes > MAX_BATCH_BYTES:
            message = f"Batch requests cannot be longer than {MAX_BATCH_BYTES} bytes. You have sent {sent_bytes} bytes."
            raise sqs_error("BatchRequestTooLong", message)
        check_batch(entries, queue.attributes)
        return self._run("SendMessageBatch", entries, lambda entry: self._send(queue, entry, trace_header))

    def receive(self, params: Json) -> list[Json]:
        """ReceiveMessage without waiting: the messages that are visible now."""
        queue = self._directory.find(params)
        limit = integer(params, "MaxNumberOfMessages", 1, 1, MAX_RECEIVE)
        check_wanted(params)
        check_attempt(params, queue.attributes)
        visibility = integer(
            params, "VisibilityTimeout", queue.attributes.visibility_seconds, 0, MAX_VISIBILITY_SECONDS
        )
        received = queue.receive(limit, visibility, self._directory.redrive(queue))
        for message, _ in received:
            # FIFO queues introduce no repeats of their own.
            if not queue.is_fifo and not message.copy and self._dice().duplicates_message():
                queue.add_copy(message, 0)
        return [as_received(message, handle, params, fifo=queue.is_fifo) for message, handle in received]

    def _one(self, work: Callable[[Queue, Json], Json]) -> Callable[[Json], Json]:
        return lambda params: work(self._directory.find(params), params)

    def _each(self, operation: str, work: Callable[[Queue, Json], Json]) -> Callable[[Json], Json]:
        def batch(params: Json) -> Json:
            queue = self._directory.find(params)
            return self._run(operation, checked_entries(params, operation), lambda entry: work(queue, entry))

        return batch

    def _run(self, operation: str, entries: list[Json], work: Callable[[Json], Json]) -> Json:
        dice = self._dice()

        def work_or_fail(entry: Json) -> Json:
            if dice.fails_entry(operation):
                raise sqs_error("InternalError", "Injected: internal error.", status=500)
            return work(entry)

        return run_entries(entries, work_or_fail)

    def _send(self, queue: Queue, entry: Json, trace_header: str) -> Json:
        body = checked_body(entry)
        attributes = checked_attributes(entry, "MessageAttributes")
        system_attributes = checked_attributes(entry, "MessageSystemAttributes")
        limit_bytes = queue.attributes.max_message_bytes
        if size_bytes(body, attributes) > limit_bytes:
            reason = f"Message must be shorter than {limit_bytes} bytes."
            raise wrong_parameters(f"One or more parameters are invalid. Reason: {reason}")
        delay_seconds = integer(entry, "DelaySeconds", queue.attributes.delay_seconds, 0, 900)
        trace_header = _own_trace_header(system_attributes) or trace_header
        message = Message(str(uuid4()), body, self._clock.now(), attributes, trace_header)
        set_ids(message, entry, queue.attributes)
        if queue.is_fifo:
            # It takes no delays of single messages; a zero is allowed and means nothing.
            delay_seconds = queue.attributes.delay_seconds
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
        return body_bytes + attributes_bytes(checked_attributes(entry, "MessageAttributes"))
    except AwsError:
        return body_bytes


def _own_trace_header(system_attributes: Json | None) -> str:
    if not system_attributes:
        return ""
    if unknown := set(system_attributes) - {"AWSTraceHeader"}:
        message = f"Message system attribute name '{min(unknown)}' is invalid. It can only be AWSTraceHeader."
        raise wrong_parameters(message)
    attribute = system_attributes["AWSTraceHeader"]
    if attribute["DataType"] != "String":
        raise wrong_parameters("The message system attribute 'AWSTraceHeader' must be of type String.")
    trace_header: str = attribute["StringValue"]
    return trace_header
