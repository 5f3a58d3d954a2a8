"""The queue's adapter: how it reports calls that fail."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.submissions.delivery import Delivery
from event_processor.testing import RecordingObserver
from tests.unit.samples import delivery


class Queue:
    """A client that fails every call with one of these handles in it, and does the others."""

    def __init__(self, *bad: str) -> None:
        self._bad = bad
        self.done: list[str] = []

    def receive_message(self, **_: Any) -> dict[str, Any]:
        """See QueueClient."""
        return {}

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        """See QueueClient."""
        return self._answer(request["Entries"])

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        """See QueueClient."""
        return self._answer(request["Entries"])

    def _answer(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        handles = [entry["ReceiptHandle"] for entry in entries]
        if set(handles) & set(self._bad):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "Batch")
        self.done += handles
        return {"Successful": [{"Id": entry["Id"]} for entry in entries]}


def messages(number: int) -> list[Delivery]:
    """So many."""
    return [delivery("x", f"message-{each}", f"handle-{each}", 1) for each in range(number)]


def source(queue: Any, url: str = "http://127.0.0.1/q") -> SqsSource:
    """On this client."""
    return SqsSource(queue, queue, url, Polling(10, 0, 60), SystemClock(), RecordingObserver())


@pytest.mark.parametrize("bad", ["handle-0", "handle-15", "handle-24"])
@pytest.mark.parametrize("operation", ["delete", "change_visibility"])
def test_a_call_that_fails_ends_no_other(bad: str, operation: str) -> None:
    """Of many messages only the ten of the failing call are not done, whichever call it is."""
    queue = Queue(bad)
    all_of_them = messages(25)

    if operation == "delete":
        failures = source(queue).delete(all_of_them)
    else:
        failures = source(queue).change_visibility([(each, 60) for each in all_of_them])

    failed = {failure.delivery.receipt_handle for failure in failures}
    assert bad in failed
    assert failed | set(queue.done) == {each.receipt_handle for each in all_of_them}
    assert not failed & set(queue.done)
    assert len(failed) <= 10
    assert not any(failure.gone for failure in failures)


def test_when_no_call_succeeds_that_is_said() -> None:
    """A queue that does nothing at all is a failure of the step, not of so many messages."""
    with pytest.raises(CallFailed, match="AccessDenied"):
        source(Queue("handle-0", "handle-10")).delete(messages(15))


class LosesAnswers(Queue):
    """A client whose every second receive brings no answer."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: list[str | None] = []

    def receive_message(self, **request: Any) -> dict[str, Any]:
        """See QueueClient."""
        self.attempts.append(request.get("ReceiveRequestAttemptId"))
        if len(self.attempts) % 2:
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1/q")
        return {}


@pytest.mark.parametrize("is_fifo", [True, False])
def test_a_lost_receive_of_a_fifo_queue_is_asked_for_again(is_fifo: bool) -> None:
    """SQS is asked for the messages of the lost answer, which would block their groups; each receive asks again."""
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
    queue = LosesAnswers()
    receiving = source(queue, "http://127.0.0.1/q.fifo" if is_fifo else "http://127.0.0.1/q")
    receiving.receive()
    receiving.receive()

    first, again, second, second_again = queue.attempts
    assert (first, second) == (again, second_again)
    assert (first != second) == is_fifo == (first is not None)


@pytest.mark.parametrize("trace_context", [True, False])
def test_trace_context_is_asked_for_where_traces_are_made(trace_context: bool) -> None:
    """Without traces messages come without the attributes that carry their context, which would cost bytes only."""
    asked: dict[str, Any] = {}

    class Noting(Queue):
        def receive_message(self, **request: Any) -> dict[str, Any]:
            asked.update(request)
            return {}

    queue: Any = Noting()
    polling = Polling(10, 0, 60, trace_context)
    SqsSource(queue, queue, "http://127.0.0.1/q", polling, SystemClock(), RecordingObserver()).receive()

    assert ("AWSTraceHeader" in asked["MessageSystemAttributeNames"]) == trace_context
    assert bool(asked.get("MessageAttributeNames")) == trace_context
