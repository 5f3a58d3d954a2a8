"""The queue: SQS behind the Source port."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

from event_processor.aws.calls import Calls
from event_processor.aws.codes import shown_code
from event_processor.aws.hot_path import QueueClient
from event_processor.aws.trace_context import MESSAGE_ATTRIBUTE, SYSTEM_ATTRIBUTE, trace_parent
from event_processor.errors import CallFailed
from event_processor.model.answer import EntryFailure
from event_processor.model.delivery import Delivery
from event_processor.ports import Clock, Observer

FIFO: Final = ".fifo"  # how the names of FIFO queues end
BATCH: Final = 10  # the most that any SQS batch call takes
_GONE: Final = frozenset({"ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"})
"""What ChangeMessageVisibility and DeleteMessage say of a handle that is not good any more (their API references)."""

Entries = dict[str, Delivery]


@dataclass(frozen=True, slots=True)
class Polling:
    """How messages are asked for: how many, waiting how long, hidden how long, with their trace context or without."""

    batch: int
    wait_seconds: int
    visibility_seconds: int
    trace_context: bool = False


class SqsSource:
    """Receives from one queue and settles what it received.

    `waiting` is the client for the long polls, `client` for everything else: a call that hangs must not hang as long
    as a poll may.
    """

    def __init__(
        self,
        waiting: QueueClient,
        client: QueueClient,
        queue_url: str,
        polling: Polling,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._client, self._queue_url = client, queue_url
        self._calls = Calls(observer)
        self._clock = clock
        self._receive = partial(
            waiting.receive_message,
            QueueUrl=queue_url,
            MaxNumberOfMessages=polling.batch,
            WaitTimeSeconds=polling.wait_seconds,
            VisibilityTimeout=polling.visibility_seconds,
            **_wanted(polling.trace_context),
        )
        self._is_traced = polling.trace_context
        self._is_fifo = queue_url.endswith(FIFO)

    def receive(self) -> list[Delivery]:
        """See Source."""
        # The same id on each try gives what a lost answer would have brought, which otherwise blocks its groups.
        attempt: Any = {"ReceiveRequestAttemptId": str(uuid4())} if self._is_fifo else {}
        answer = self._calls.make("receive", partial(self._receive, **attempt))
        now = self._clock.now()
        return [_delivery(message, now, self._is_fifo, self._is_traced) for message in answer.get("Messages", [])]

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[EntryFailure]:
        """See Source."""
        seconds = {delivery.message_id: seconds for delivery, seconds in timeouts}

        def call(entries: Entries) -> Any:
            return self._client.change_message_visibility_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {
                        "Id": entry_id,
                        "ReceiptHandle": delivery.receipt_handle,
                        "VisibilityTimeout": seconds[delivery.message_id],
                    }
                    for entry_id, delivery in entries.items()
                ],
            )

        return self._in_batches("change_visibility", [delivery for delivery, _ in timeouts], call)

    def delete(self, deliveries: Sequence[Delivery]) -> list[EntryFailure]:
        """See Source."""

        def call(entries: Entries) -> Any:
            return self._client.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": entry_id, "ReceiptHandle": delivery.receipt_handle} for entry_id, delivery in entries.items()
                ],
            )

        return self._in_batches("delete", deliveries, call)

    def _in_batches(
        self, operation: str, deliveries: Sequence[Delivery], call: Callable[[Entries], Any]
    ) -> list[EntryFailure]:
        """All deliveries, ten to a call. A call that fails ends no other; raises only if nothing came through."""
        failures: list[EntryFailure] = []
        errors: list[CallFailed] = []
        batches = [deliveries[start : start + BATCH] for start in range(0, len(deliveries), BATCH)]
        for batch in batches:
            try:
                failures += self._batch(operation, batch, call)
            except CallFailed as error:
                failures += [EntryFailure(delivery, error.code, gone=False) for delivery in batch]
                errors.append(error)
        if errors and len(errors) == len(batches):
            raise errors[0]
        return failures

    def _batch(
        self, operation: str, deliveries: Sequence[Delivery], call: Callable[[Entries], Any]
    ) -> list[EntryFailure]:
        """One call; entries that its 200 answer does not name as successful go again, unless that cannot help."""
        pending = {str(number): delivery for number, delivery in enumerate(deliveries)}
        gone: list[EntryFailure] = []

        def attempt() -> list[EntryFailure]:
            answer = call(pending)
            failures = {entry["Id"]: _failure(pending[entry["Id"]], entry) for entry in answer.get("Failed", [])}
            gone.extend(failure for failure in failures.values() if failure.gone)
            successful = {entry["Id"] for entry in answer.get("Successful", [])}
            for entry_id in list(pending):
                if entry_id in successful or (entry_id in failures and failures[entry_id].gone):
                    del pending[entry_id]
            return [failures.get(entry_id) or _failure(delivery, {}) for entry_id, delivery in pending.items()]

        return gone + self._calls.make(operation, attempt, unfinished=bool)


def _failure(delivery: Delivery, entry: dict[str, Any]) -> EntryFailure:
    code = shown_code(entry.get("Code"))
    return EntryFailure(delivery, code, gone=code in _GONE)


def _wanted(trace_context: bool) -> dict[str, Any]:
    needed = ["SentTimestamp", "ApproximateReceiveCount", "MessageGroupId"]
    if not trace_context:
        return {"MessageSystemAttributeNames": needed}
    return {
        "MessageSystemAttributeNames": [*needed, SYSTEM_ATTRIBUTE],
        "MessageAttributeNames": [MESSAGE_ATTRIBUTE],
    }


def _delivery(message: Any, received_at: datetime, is_fifo: bool, is_traced: bool) -> Delivery:
    attributes = message.get("Attributes", {})
    return Delivery(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message.get("Body", ""),
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        sent_at=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
        received_at=received_at,
        group=attributes.get("MessageGroupId") if is_fifo else None,  # on a standard queue it means fairness, not order
        trace_parent=trace_parent(message) if is_traced else None,
    )
