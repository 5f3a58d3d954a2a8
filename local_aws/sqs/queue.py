"""One queue, in memory. Every operation costs the same at any depth.

Visible messages wait in the queue's order. Delayed and in-flight ones have an entry in a heap of deadlines; an entry
whose message has moved on since is skipped when its time comes, so nothing is ever searched for.
"""

import heapq
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

from local_aws.clock import Clock
from local_aws.sqs.attributes import QueueAttributes
from local_aws.sqs.errors import invalid_parameter, sqs_error, wrong_parameters
from local_aws.sqs.fifo import Deduplication, Receipt
from local_aws.sqs.message import Message, State
from local_aws.sqs.order import FifoOrder, Order, StandardOrder

MAX_IN_FLIGHT = 120_000
MAX_VISIBILITY_SECONDS = 43_200
"""12 hours, counted from the receive, extensions included."""

MAX_TAGS, MAX_TAG_KEY, MAX_TAG_VALUE = 50, 128, 256
"""Quotas related to cost allocation tags, in the SQS guide."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_HIDDEN = (State.DELAYED, State.IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class Redrive:
    """Where messages go that were received ``max_receive_count`` times without being deleted."""

    dead_letter_queue: "Queue"
    max_receive_count: int


class Queue:
    """The messages of one queue and their states."""

    def __init__(self, name: str, arn: str, attributes: QueueAttributes, clock: Clock) -> None:
        self.name = name
        self.arn = arn
        self.attributes = attributes
        self.tags: dict[str, str] = {}
        self.created_at = self.modified_at = clock.now()
        self._clock = clock
        self._id = uuid4().hex
        self._serials = itertools.count(1)
        self._tie_breakers = itertools.count()
        self._waiters: list[Callable[[], None]] = []
        self.purge()

    @property
    def is_fifo(self) -> bool:
        """Whether it keeps the order of its message groups."""
        return self.attributes.fifo

    def purge(self) -> None:
        """Forget every message, in flight or not, and every deduplication id.

        The ids go, too: LocalStack's test_purge_queue_clears_fifo_deduplication_cache, validated there against AWS.
        """
        self._deduplication = Deduplication()
        self._order: Order = FifoOrder() if self.is_fifo else StandardOrder()
        self._deadlines: list[tuple[float, int, Message]] = []
        self._received: dict[int, Message] = {}
        self._counts = dict.fromkeys(State, 0)

    def send(self, message: Message, delay_seconds: int) -> Receipt:
        """Take a message from a sender, unless a FIFO queue had one with its deduplication id a short time ago."""
        now = self._clock.now()
        if self.is_fifo and (receipt := self._deduplication.find(message.deduplication_id, now)):
            return receipt
        self.add(message, delay_seconds)
        receipt = Receipt(message.id, message.sequence_number)
        if self.is_fifo:
            self._deduplication.remember(message.deduplication_id, receipt, now)
        return receipt

    def add_copy(self, message: Message, delay_seconds: float) -> None:
        """Let a message be received once more, now or later, even if it is deleted meanwhile."""
        self.add(replace(message, copy=True, state=State.OUTSIDE), delay_seconds)

    def add(self, message: Message, delay_seconds: float = 0) -> None:
        """Take a message, visible after ``delay_seconds``."""
        message.serial = next(self._serials)
        if delay_seconds:
            self._hide(message, State.DELAYED, self._clock.now() + delay_seconds)
        else:
            self._show(message)

    def receive(self, limit: int, visibility_seconds: int, redrive: Redrive | None) -> list[tuple[Message, str]]:
        """Up to ``limit`` visible messages with their receipt handles, now in flight.

        With too many in flight a standard queue raises OverLimit, a FIFO queue gives nothing (ReceiveMessage in the SQS
        API reference).
        """
        now = self._clock.now()
        self._release_due(now)
        self._order.begin_receive()
        received: list[tuple[Message, str]] = []
        while len(received) < limit and (message := self._order.first()):
            if redrive and message.receive_count >= redrive.max_receive_count:
                self._bury(message, redrive.dead_letter_queue)
            elif self._counts[State.IN_FLIGHT] < MAX_IN_FLIGHT:
                received.append((message, self._deliver(message, now, visibility_seconds)))
            elif received or self.is_fifo:
                break
            else:
                raise sqs_error("OverLimit", f"Too many messages in flight: {MAX_IN_FLIGHT}.", status=403)
        return received

    def delete(self, handle: str) -> Message | None:
        """Delete the message if the handle is from its latest receive; else do nothing. Returns what was deleted.

        "If you use an old ReceiptHandle, the request will succeed, but the message might not be deleted"
        (DeleteMessage in the SQS API reference). In a FIFO queue a handle ends with its visibility timeout: AWS
        answers InvalidParameterValue (localstack/localstack#12442, checked there against AWS). Raises that, and
        ReceiptHandleIsInvalid.
        """
        self._release_due(self._clock.now())
        message = self._latest_receive(handle)
        if self.is_fifo and self._has_expired(handle, message):
            raise invalid_parameter("ReceiptHandle", handle, "The receipt handle has expired.")
        if message is not None:
            self._remove(message)
        return message

    def change_visibility(self, handle: str, visibility_seconds: int) -> None:
        """Let a message become visible in ``visibility_seconds`` from now.

        In a standard queue the handle of any receive does it, and a message that is visible again is hidden: AWS
        answers 200 (LocalStack's test_terminate_visibility_timeout_after_receive and
        test_change_message_visibility_after_visibility_timeout_expiration, validated there against AWS). A FIFO queue
        wants the latest handle of a message in flight.

        Raises ReceiptHandleIsInvalid, MessageNotInflight, and InvalidParameterValue for a message that is gone or, in a
        FIFO queue, was received again since, and beyond 12 hours from the receive.
        """
        now = self._clock.now()
        self._release_due(now)
        message = self._latest_receive(handle) if self.is_fifo else self._any_receive(handle)
        if message is None:
            reason = "Message does not exist or is not available for visibility timeout change."
            raise invalid_parameter("ReceiptHandle", handle, reason)
        if self.is_fifo and message.state is not State.IN_FLIGHT:
            raise sqs_error("MessageNotInflight", "The specified message isn't in flight.")
        if now + visibility_seconds > message.last_received_at + MAX_VISIBILITY_SECONDS:
            reason = f"Total VisibilityTimeout for the message is beyond the limit [{MAX_VISIBILITY_SECONDS} seconds]"
            raise invalid_parameter("VisibilityTimeout", visibility_seconds, reason)
        if message.state is State.IN_FLIGHT or visibility_seconds:
            self._hide(message, State.IN_FLIGHT, now + visibility_seconds)

    def count(self, state: State) -> int:
        """How many messages are in this state now."""
        self._release_due(self._clock.now())
        return self._counts[state]

    def next_deadline(self) -> float | None:
        """When a hidden message may become visible at the earliest, in seconds since 1970."""
        return self._deadlines[0][0] if self._deadlines else None

    def on_change(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` once: when a message became visible, the next deadline moved or the queue was deleted."""
        self._waiters.append(wake)

    def forget(self, wake: Callable[[], None]) -> None:
        """Take back an ``on_change``; one that was called already is gone by itself."""
        if wake in self._waiters:
            self._waiters.remove(wake)

    def notify(self) -> None:
        """Wake everyone who waits."""
        waiters, self._waiters = self._waiters, []
        for wake in waiters:
            wake()

    def _move(self, message: Message, state: State) -> None:
        before = message.state
        self._counts[before] -= 1
        self._counts[state] += 1
        message.state = state
        if self._order.moved(message, before):
            self.notify()

    def _show(self, message: Message) -> None:
        self._move(message, State.VISIBLE)

    def _hide(self, message: Message, state: State, deadline: float) -> None:
        self._move(message, state)
        message.deadline = deadline
        heapq.heappush(self._deadlines, (deadline, next(self._tie_breakers), message))
        if self._deadlines[0][2] is message:
            self.notify()

    def _release_due(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            deadline, _, message = heapq.heappop(self._deadlines)
            if message.deadline == deadline and message.state in _HIDDEN:
                self._show(message)

    def _deliver(self, message: Message, now: float, visibility_seconds: int) -> str:
        message.receive_count += 1
        message.last_received_at = now
        message.first_received_at = message.first_received_at or now
        self._received[message.serial] = message
        self._hide(message, State.IN_FLIGHT, now + visibility_seconds)
        return f"{self._id}.{message.serial}.{message.receive_count}"

    def _remove(self, message: Message) -> None:
        # Its places in the order and the heap are skipped when their turn comes.
        self._move(message, State.OUTSIDE)
        self._received.pop(message.serial, None)

    def _bury(self, message: Message, dead_letter_queue: "Queue") -> None:
        self._remove(message)
        message.dead_letter_source_arn = self.arn
        dead_letter_queue.add(message)

    def _has_expired(self, handle: str, latest: Message | None) -> bool:
        if latest is not None:
            return latest.state is not State.IN_FLIGHT
        # Received again since; of a message that is gone, nothing is known.
        return self._any_receive(handle) is not None

    def _latest_receive(self, handle: str) -> Message | None:
        message = self._any_receive(handle)
        return message if message and message.receive_count == int(handle.split(".")[2]) else None

    def _any_receive(self, handle: str) -> Message | None:
        match handle.split("."):
            case [self._id, serial, count] if _NUMBER.fullmatch(serial) and _NUMBER.fullmatch(count):
                return self._received.get(int(serial))
        message = f'The input receipt handle "{handle}" is not a valid receipt handle.'
        raise sqs_error("ReceiptHandleIsInvalid", message)


def checked_tags(tags: dict[str, str]) -> dict[str, str]:
    """The tags, if a queue can have them. Raises InvalidParameterValue."""
    if len(tags) > MAX_TAGS:
        raise wrong_parameters(f"Too many tags: a queue can have {MAX_TAGS}.")
    for key, value in tags.items():
        if not 1 <= len(key) <= MAX_TAG_KEY or len(value) > MAX_TAG_VALUE or key.lower().startswith("aws:"):
            raise wrong_parameters(f"Tag {key} is invalid: keys have 1 to 128 characters, values up to 256.")
    return tags
