"""The queue: SQS behind the Source port."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol
from uuid import uuid4

from event_processor.aws.answer_fields import MalformedAnswer, objects
from event_processor.aws.calls import Calls, code_of
from event_processor.aws.client_protocols import QueueClient
from event_processor.aws.sqs_batches import BATCH, Failure, read_result, with_ids
from event_processor.aws.sqs_messages import FIFO, MESSAGE_ATTRIBUTE, SYSTEM_ATTRIBUTE, read_message
from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.telling import CallObserver, StepObserver

_GONE: Final = frozenset({"ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"})
"""What ChangeMessageVisibility and DeleteMessage say of a handle that is not good any more (their API references)."""

_UNNAMED: Final = Failure("Unknown", "not named in the answer")

Entries = dict[str, Delivery]


@dataclass(frozen=True, slots=True)
class Polling:
    """How messages are asked for: how many, waiting how long, hidden how long, with their trace context or without."""

    batch: int
    wait_seconds: int
    visibility_seconds: int
    trace_context: bool = False


class SourceObserver(CallObserver, StepObserver, Protocol):
    """Hears of the calls, and of answers that cannot be read."""


class SqsSource:
    """See Source: receives from one queue and settles what it received.

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
        observer: SourceObserver,
    ) -> None:
        self._client, self._queue_url, self._batch_size = client, queue_url, polling.batch
        self._calls, self._observer = Calls(observer), observer
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
        self._queue = queue_url.rpartition("/")[2]
        self._is_fifo = queue_url.endswith(FIFO)

    def receive(self) -> list[Delivery]:
        # The same id on each try gives what a lost answer would have brought, which otherwise blocks its groups.
        attempt: Any = {"ReceiveRequestAttemptId": str(uuid4())} if self._is_fifo else {}
        deliveries, unread = self._calls.make("receive", lambda: self._read(self._receive(**attempt)))
        if unread:
            self._observer.failing(
                "receive",
                CallFailed(
                    "receive",
                    code_of(unread[0]),
                    f"{len(unread)} of {len(deliveries) + len(unread)} messages of an answer, which stay hidden until "
                    f"their visibility timeout runs out: {unread[0]}",
                ),
            )
        return deliveries

    def _read(self, answer: Any) -> tuple[list[Delivery], list[MalformedAnswer]]:
        """The messages that can be read, and what is wrong with the others.

        On a FIFO queue all or none: what follows an unreadable message in its group must not overtake it, and the next
        try, with the same id, brings all of them again.
        """
        now = self._clock.now()
        messages = objects(answer, "Messages")
        if len(messages) > self._batch_size:
            raise MalformedAnswer(f"{len(messages)} messages, {self._batch_size} were asked for")
        deliveries: list[Delivery] = []
        unread: list[MalformedAnswer] = []
        for message in messages:
            try:
                deliveries.append(read_message(message, now, self._queue, self._is_fifo, self._is_traced))
            except MalformedAnswer as error:
                unread.append(error)
        if unread and (self._is_fifo or not deliveries):
            raise unread[0]
        return deliveries, unread

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[EntryFailure]:
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
        pending = list(deliveries)
        gone: list[EntryFailure] = []

        def attempt() -> list[EntryFailure]:
            entries = with_ids(pending)
            successful, failed = read_result(call(entries), entries)
            failures = [
                _failure(delivery, failed.get(entry_id, _UNNAMED))
                for entry_id, delivery in entries.items()
                if entry_id not in successful
            ]
            gone.extend(failure for failure in failures if failure.gone)
            left = [failure for failure in failures if not failure.gone]
            pending[:] = [failure.delivery for failure in left]
            return left

        return gone + self._calls.make(operation, attempt, unfinished=bool)


def _failure(delivery: Delivery, failure: Failure) -> EntryFailure:
    return EntryFailure(delivery, failure.code, gone=failure.code in _GONE)


def _wanted(trace_context: bool) -> dict[str, Any]:
    needed = ["SentTimestamp", "ApproximateReceiveCount", "MessageGroupId"]
    if not trace_context:
        return {"MessageSystemAttributeNames": needed}
    return {
        "MessageSystemAttributeNames": [*needed, SYSTEM_ATTRIBUTE],
        "MessageAttributeNames": [MESSAGE_ATTRIBUTE],
    }
