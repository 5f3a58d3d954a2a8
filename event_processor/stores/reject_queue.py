"""Rejects as messages on a queue of their own."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from event_processor.aws.calls import Calls
from event_processor.aws.client_protocols import QueueClient
from event_processor.aws.sqs_batches import BATCH, Failure, read_result, with_ids
from event_processor.errors import CallFailed
from event_processor.rejects.reject import Reject
from event_processor.stores.reject_packing import Packed, packed, without_original
from event_processor.telling import CallObserver

_LARGEST_BYTES: Final = 1024 * 1024  # of one message, and of all of a SendMessageBatch together
_REMEMBERED: Final = 10_000
_UNFIT: Final = frozenset({"BatchRequestTooLong", "InvalidMessageContents", "InvalidParameterValue"})
"""What SendMessageBatch says of a message, or of all together, that it will never take (its API reference)."""

Pair = tuple[Reject, Packed]


class SqsRejects:
    """See RejectStore. Sends each reject as one message that fits the queue; see `reject_packing`.

    `limit_bytes` asks the queue for its MaximumMessageSize, which may change at any time: it is asked at first, before
    a reject goes without its original, and when a message was refused.
    """

    def __init__(
        self,
        client: QueueClient,
        queue_url: str,
        observer: CallObserver,
        limit_bytes: Callable[[], int] = lambda: _LARGEST_BYTES,
    ) -> None:
        self._client, self._queue_url = client, queue_url
        self._calls = Calls(observer)
        self._ask, self._limit_bytes = limit_bytes, 0
        self._explained: dict[str, None] = {}  # ids of those sent without their original: they come again and again

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        pairs = self._packed(rejects)
        fresh = [(reject, it) for reject, it in pairs if it.has_original or reject.reject_id not in self._explained]
        bare = {reject.reject_id for reject, it in pairs if not it.has_original}
        for batch in _batches(fresh, self._limit_bytes):
            bare |= self._send(batch)
        self._remember(bare)
        return [reject for reject in rejects if reject.reject_id in bare]

    def _packed(self, rejects: Sequence[Reject]) -> list[Pair]:
        limit_bytes = self._limit_bytes or self._ask_again()
        pairs = [(reject, packed(reject, limit_bytes)) for reject in rejects]
        if all(it.has_original for _, it in pairs) or self._ask_again() == limit_bytes:
            return pairs
        return [(reject, packed(reject, self._limit_bytes)) for reject in rejects]

    def _ask_again(self) -> int:
        self._limit_bytes = self._ask()
        return self._limit_bytes

    def _send(self, batch: Sequence[Pair]) -> set[str]:
        """Until the queue has them. Returns the ids of those that it took only without their original."""
        pending = list(batch)
        error = self._attempt(pending)
        if error is None:
            return set()
        if error.code not in _UNFIT:
            raise error
        if len(pending) > 1:  # one may fit though all together do not
            return set().union(*(self._send([pair]) for pair in pending))
        return self._send_less(*pending[0], error)

    def _send_less(self, reject: Reject, refused: Packed, error: CallFailed) -> set[str]:
        if not refused.has_original:
            raise error
        fitting = packed(reject, self._ask_again())
        less = fitting if fitting.size_bytes < refused.size_bytes else without_original(reject, self._limit_bytes)
        return self._send([(reject, less)]) | (set() if less.has_original else {reject.reject_id})

    def _attempt(self, pending: list[Pair]) -> CallFailed | None:
        """Send, and take what was sent out of `pending`; why not, if something is left."""

        def attempt() -> list[Failure]:
            entries = with_ids(pending)
            batch: Any = [{"Id": entry_id, **packed.entry} for entry_id, (_, packed) in entries.items()]
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=batch)
            successful, failed = read_result(answer, entries)
            pending[:] = [pair for entry_id, pair in entries.items() if entry_id not in successful]
            return list(failed.values())

        try:
            failed = self._calls.make("store", attempt, unfinished=lambda _: bool(pending))
        except CallFailed as error:
            return error
        if not pending:
            return None
        unfit = [failure for failure in failed if failure.code in _UNFIT]
        first = next(iter(unfit or failed), Failure("Unknown", "not named as successful"))
        return CallFailed("store", first.code, first.message)

    def _remember(self, reject_ids: set[str]) -> None:
        self._explained.update(dict.fromkeys(reject_ids))
        for reject_id in list(self._explained)[: max(0, len(self._explained) - _REMEMBERED)]:
            self._explained.pop(reject_id, None)


def _batches(pairs: Sequence[Pair], limit_bytes: int) -> Iterator[list[Pair]]:
    """All of a call together stay below what one message of the queue may have: no SQS ever took less."""
    batch: list[Pair] = []
    size_bytes = 0
    for reject, it in pairs:
        if batch and (len(batch) == BATCH or size_bytes + it.size_bytes > limit_bytes):
            yield batch
            batch, size_bytes = [], 0
        batch.append((reject, it))
        size_bytes += it.size_bytes
    if batch:
        yield batch
