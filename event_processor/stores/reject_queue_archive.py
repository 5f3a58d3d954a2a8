"""The queue of rejects read back: all messages are received, and given back at the end."""

import random
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Self

from botocore.exceptions import ClientError
from pydantic import ValidationError

from event_processor.aws.answer_fields import MalformedAnswer, blob, mapping, objects, text
from event_processor.aws.calls import Calls, is_transient
from event_processor.aws.client_protocols import QueueClient
from event_processor.aws.resources import QueueProperties
from event_processor.aws.sqs import Polling, SourceObserver, SqsSource
from event_processor.aws.sqs_batches import BATCH
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed, StoreInUse
from event_processor.rejects.reject import KeptReject
from event_processor.stores.reject_packing import ORIGINAL_ATTRIBUTE
from event_processor.submissions.delivery import Delivery

_HIDDEN_SECONDS: Final = 120  # if we are killed, it all comes back after that
_WAIT_SECONDS: Final = 1  # any long poll asks all of SQS's servers (its developer guide)
_EMPTY_RECEIVES: Final = 2
_MOST_IN_HAND: Final = 100_000  # SQS lets 120,000 messages of a queue be in flight
_LARGEST_ORIGINAL: Final = 16 * 1024 * 1024  # a body of 1 MiB, its every letter an escape, is 6; gzip may hide a GiB
_SETTLE_SECONDS: Final = 60  # SQS's counts are right about a minute after the last change (GetQueueAttributes)
_PATIENCE_SECONDS: Final = (3, 12)  # for somebody who only looks; by chance, so that of several replays one stays


class SqsArchive:
    """See Archive. `read` receives all there is; the end of the `with` gives back what was not replayed.

    Reading counts as a receive. Meanwhile a thread extends the messages' visibility. `look` tells what the queue holds
    now. With `alone`, for a replay, `read` raises StoreInUse unless every message in flight is one of ours: what
    somebody else has may come earlier in a submission than what we would send.
    """

    def __init__(
        self,
        client: QueueClient,
        queue_url: str,
        observer: SourceObserver,
        max_receive_count: int | None,
        look: Callable[[], QueueProperties],
        *,
        alone: bool = False,
    ) -> None:
        self.warnings: list[str] = []
        if max_receive_count is not None:
            self.warnings.append(
                f"this queue gives a message up after {max_receive_count} receives, and every look is one: "
                "a queue of rejects needs no RedrivePolicy"
            )
        self._client, self._queue_url = client, queue_url
        self._look, self._alone = look, alone
        self._calls = Calls(observer)
        self._queue = SqsSource(
            client, client, queue_url, Polling(BATCH, _WAIT_SECONDS, _HIDDEN_SECONDS), SystemClock(), observer
        )
        self._in_hand: dict[str, Delivery] = {}  # by message id
        self._messages: dict[str, set[str]] = defaultdict(set)  # message ids by reject id
        self._unanswered = self._unreadable = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._holder = threading.Thread(target=self._hold, name="hold", daemon=True)

    def __enter__(self) -> Self:
        if self._alone and (others := self._look().in_flight):
            raise _in_use(others)
        self._holder.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        self._holder.join()
        held = list(self._in_hand.values())
        try:
            failures = [each for each in self._queue.change_visibility([(one, 0) for one in held]) if not each.gone]
            left, why = len(failures), failures[0].error_code if failures else ""
        except CallFailed as failure:
            left, why = len(held), str(failure)
        if left:
            self.warnings.append(f"{left} messages were not given back, so hidden for {_HIDDEN_SECONDS} s more: {why}")
        if self._unanswered:
            self.warnings.append(
                f"{self._unanswered} receives brought no answer: up to {self._unanswered * BATCH} messages may be "
                f"hidden for {_HIDDEN_SECONDS} s, and were not read"
            )

    def read(self) -> Iterator[KeptReject]:
        """Raises StoreInUse, in the end, if a replay could not keep the order."""
        yield from self._received()
        if self._alone:
            yield from self._until_all_is_ours()
        elif (others := self._look().in_flight - len(self._in_hand)) > 0:
            self.warnings.append(f"some {others} more messages are with a replay or another command: not read")
        if self._unreadable:
            self.warnings.append(f"{self._unreadable} messages are not rejects: left where they are")

    def is_replayed(self, reject_id: str) -> bool:  # noqa: ARG002 - what went out was deleted
        return False

    def mark_replayed(self, reject_ids: Sequence[str]) -> None:
        """Deletes their messages."""
        ids = [message_id for reject_id in reject_ids for message_id in self._messages[reject_id]]
        with self._lock:
            deliveries = [self._in_hand.pop(message_id) for message_id in ids]
        failures = self._queue.delete(deliveries)
        if failures:
            self.warnings.append(
                f"{len(failures)} messages could not be deleted ({failures[0].error_code}): "
                "the next replay sends their events again, with the same ids"
            )

    def _received(self) -> Iterator[KeptReject]:
        """All that can be received now."""
        empty = 0
        while empty < _EMPTY_RECEIVES:
            if len(self._in_hand) >= _MOST_IN_HAND:
                self.warnings.append(f"there are more than {_MOST_IN_HAND:,} messages: these are the first")
                return
            messages = self._receive()
            empty = 0 if messages else empty + 1
            self._take(messages)  # all of them, before any is used
            yield from self._new(messages)

    def _until_all_is_ours(self) -> Iterator[KeptReject]:
        """Reads on while messages come back; whoever else has some gives up first, or we do."""
        patience, again = random.uniform(*_PATIENCE_SECONDS), True
        give_up_at, settled_at = time.monotonic() + patience, time.monotonic() + _SETTLE_SECONDS
        while len(self._in_hand) < _MOST_IN_HAND:
            facts, held, now = self._look(), len(self._in_hand), time.monotonic()
            if facts.in_flight == held and not (facts.visible and again):
                return
            if facts.in_flight != held and now > (give_up_at if facts.in_flight > held else settled_at):
                raise _in_use(abs(facts.in_flight - held))
            again = facts.in_flight != held
            yield from self._received()
            if len(self._in_hand) > held:
                give_up_at, again = time.monotonic() + patience, True

    def _receive(self) -> Sequence[Any]:
        def attempt() -> list[Any]:
            self._unanswered += 1
            try:
                answer = self._client.receive_message(
                    QueueUrl=self._queue_url,
                    MaxNumberOfMessages=BATCH,
                    WaitTimeSeconds=_WAIT_SECONDS,
                    VisibilityTimeout=_HIDDEN_SECONDS,
                    MessageAttributeNames=[ORIGINAL_ATTRIBUTE],
                )
            except ClientError as error:
                self._unanswered -= not is_transient(error)  # SQS said no, so it gave no messages
                raise
            messages = objects(answer, "Messages")
            for message in messages:
                text(message, "MessageId"), text(message, "ReceiptHandle")  # without these it cannot be held
            self._unanswered -= 1
            return messages

        return self._calls.make("receive", attempt)

    def _take(self, messages: Sequence[Any]) -> None:
        """Hold them. The latest handle is the one that counts."""
        now = SystemClock().now()
        with self._lock:
            for message in messages:
                message_id = message["MessageId"]
                self._in_hand[message_id] = Delivery(message_id, message["ReceiptHandle"], "", 1, now, now)

    def _new(self, messages: Sequence[Any]) -> Iterator[KeptReject]:
        """Their rejects, each once; one at a time, since they may be large."""
        for message in messages:
            kept = kept_reject(message)
            if kept is None:
                self._unreadable += 1
                continue
            is_new = kept.reject_id not in self._messages
            self._messages[kept.reject_id].add(message["MessageId"])
            if is_new:
                yield kept

    def _hold(self) -> None:
        while not self._over.wait(_HIDDEN_SECONDS / 3):
            with self._lock:
                held = list(self._in_hand.values())
            try:
                self._queue.change_visibility([(delivery, _HIDDEN_SECONDS) for delivery in held])
            except Exception:  # noqa: BLE001, S112 - whatever it is, the next round may be in time still
                continue  # else the messages are on the queue again, as they were


def kept_reject(message: Any) -> KeptReject | None:
    """The reject that a message holds; None if it holds none, or an original too large to be one."""
    try:
        kept = KeptReject.model_validate_json(text(message, "Body"))
        original = blob(mapping(mapping(message, "MessageAttributes"), ORIGINAL_ATTRIBUTE), "BinaryValue")
        return kept if original is None else kept.model_copy(update={"original": _unpacked(original)})
    except (MalformedAnswer, ValidationError, ValueError, zlib.error):
        return None


def _unpacked(packed: bytes) -> str:
    """Raises ValueError for more than an original can be, without making it, and for what is torn."""
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)  # gzip
    content = reader.decompress(packed, _LARGEST_ORIGINAL + 1)
    if len(content) > _LARGEST_ORIGINAL or not reader.eof:
        raise ValueError
    return content.decode()


def _in_use(others: int) -> StoreInUse:
    return StoreInUse(
        f"some {others} messages of the queue of rejects are in other hands: another replay, or somebody who looks at "
        f"them; wait until it has ended, or {_HIDDEN_SECONDS} s if it was killed or a receive got no answer "
        "(SQS's count itself may be a minute late)"
    )
