"""The queue of rejects read back: taken out while we look, given back at once in the end."""

import gzip
import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self

from pydantic import ValidationError

from event_processor.aws.calls import Calls
from event_processor.aws.hot_path import QueueClient
from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.model.delivery import Delivery
from event_processor.model.kept_reject import KeptReject
from event_processor.ports import Observer
from event_processor.rejects.sqs import ORIGINAL_ATTRIBUTE

_HIDDEN_SECONDS: Final = 120  # if we are killed, it all comes back after that
_WAIT_SECONDS: Final = 1  # any long poll asks all of SQS's servers (its developer guide)
_EMPTY_RECEIVES: Final = 2
_MOST_IN_HAND: Final = 100_000  # SQS lets 120,000 messages of a queue be in flight


class SqsArchive:
    """See Archive. `read` receives all there is; the end of the `with` gives back what was not replayed.

    Reading counts as a receive. Meanwhile a thread keeps the messages ours.
    """

    def __init__(self, client: QueueClient, queue_url: str, observer: Observer, max_receive_count: int | None) -> None:
        self.warnings: list[str] = []
        if max_receive_count is not None:
            self.warnings.append(
                f"this queue gives a message up after {max_receive_count} receives, and every look is one: "
                "a queue of rejects needs no RedrivePolicy"
            )
        self._client, self._queue_url = client, queue_url
        self._calls = Calls(observer)
        self._queue = SqsSource(
            client, client, queue_url, Polling(10, _WAIT_SECONDS, _HIDDEN_SECONDS), SystemClock(), observer
        )
        self._in_hand: dict[str, Delivery] = {}  # by message id
        self._messages: dict[str, set[str]] = defaultdict(set)  # message ids by reject id
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._holder = threading.Thread(target=self._hold, name="hold", daemon=True)

    def __enter__(self) -> Self:
        self._holder.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._holder.join()
        try:
            self._queue.change_visibility([(delivery, 0) for delivery in self._in_hand.values()])
        except CallFailed as failure:
            self.warnings.append(f"not given back, so hidden for {_HIDDEN_SECONDS} s more: {failure}")

    def read(self) -> Iterator[KeptReject]:
        """See Archive."""
        unreadable = empty = 0
        while empty < _EMPTY_RECEIVES:
            if len(self._in_hand) >= _MOST_IN_HAND:
                self.warnings.append(f"there are more than {_MOST_IN_HAND:,} messages: these are the first")
                break
            messages = self._receive()
            empty = 0 if messages else empty + 1
            found = [(message, _kept(message)) for message in messages]
            fresh = [kept for message, kept in found if self._take(message, kept)]  # all of them, before any is used
            unreadable += sum(kept is None for _, kept in found)
            yield from (kept for kept in fresh if kept is not None)
        if unreadable:
            self.warnings.append(f"{unreadable} messages are no rejects: left where they are")

    def is_replayed(self, reject_id: str) -> bool:  # noqa: ARG002 - what went out was deleted
        """See Archive."""
        return False

    def mark_replayed(self, reject_ids: Sequence[str]) -> None:
        """See Archive. Deletes their messages."""
        ids = [message_id for reject_id in reject_ids for message_id in self._messages[reject_id]]
        with self._lock:
            deliveries = [self._in_hand.pop(message_id) for message_id in ids]
        failures = self._queue.delete(deliveries)
        if failures:
            self.warnings.append(
                f"{len(failures)} messages could not be deleted ({failures[0].error_code}): "
                "the next replay sends their events again, with the same ids"
            )

    def _receive(self) -> Sequence[Any]:
        answer = self._calls.make(
            "receive",
            lambda: self._client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=_WAIT_SECONDS,
                VisibilityTimeout=_HIDDEN_SECONDS,
                MessageAttributeNames=[ORIGINAL_ATTRIBUTE],
            ),
        )
        return list(answer.get("Messages", []))

    def _take(self, message: Any, kept: KeptReject | None) -> bool:
        """Hold the message; whether its reject is new to us. The latest handle is the one that counts."""
        now = SystemClock().now()
        message_id = message["MessageId"]
        with self._lock:
            self._in_hand[message_id] = Delivery(message_id, message["ReceiptHandle"], "", 1, now, now)
        if kept is None:
            return False
        is_new = kept.reject_id not in self._messages
        self._messages[kept.reject_id].add(message_id)
        return is_new

    def _hold(self) -> None:
        while not self._over.wait(_HIDDEN_SECONDS / 3):
            with self._lock:
                held = list(self._in_hand.values())
            try:
                self._queue.change_visibility([(delivery, _HIDDEN_SECONDS) for delivery in held])
            except CallFailed:
                continue  # the next round is in time still; else the messages are on the queue again, as they were


def _kept(message: Any) -> KeptReject | None:
    try:
        content = json.loads(message["Body"])
        original = message.get("MessageAttributes", {}).get(ORIGINAL_ATTRIBUTE)
        if original is not None:
            content["original"] = gzip.decompress(original["BinaryValue"]).decode()
        return KeptReject.model_validate_json(json.dumps(content))
    except (ValidationError, ValueError, TypeError, KeyError, OSError, EOFError):
        return None
