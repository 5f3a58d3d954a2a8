"""Gives messages back to the queue unfinished: after a failure of ours, for lack of room, or because we stop."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from event_processor.errors import CallFailed
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.hands import Hands
from event_processor.submissions.outbox import Outbox
from event_processor.submissions.ports import Observer, Source
from event_processor.telling import attempt

LONGEST_DELAY_SECONDS: Final = 900
_DOUBLINGS: Final = 10  # until the longest delay is reached: no need to know a greater power


class GivingBack:
    """Ends our hold on messages. What cannot be released comes back when its visibility timeout runs out."""

    def __init__(self, source: Source, hands: Hands, outbox: Outbox, observer: Observer) -> None:
        self._source, self._hands, self._outbox, self._observer = source, hands, outbox, observer

    def at_once(self, deliveries: Sequence[Delivery], reason: str) -> None:
        """Give them back so that anybody may receive them again now."""
        self._give_back(deliveries, 0, reason)

    def later(self, delivery: Delivery, reason: str) -> None:
        """Let it come again after a delay that grows with its receive count; the queue's redrive policy ends that."""
        delay_seconds = min(int(2 ** min(delivery.receive_count, _DOUBLINGS)), LONGEST_DELAY_SECONDS)
        self._give_back([delivery], delay_seconds, reason)

    def stopping(self, deliveries: Sequence[Delivery]) -> None:
        """Give them back since we stop; they count as unreleased by now."""
        self._hands.left(len(deliveries) - self._give_back(deliveries, 0, "stopping"))

    def _give_back(self, deliveries: Sequence[Delivery], delay_seconds: int, reason: str) -> int:
        """Release them, in one call. Returns how many could not be released."""
        if not deliveries:
            return 0
        timeouts = [(delivery, delay_seconds) for delivery in deliveries]
        failures = attempt(self._observer, "release", partial(self._source.change_visibility, timeouts))
        every = {delivery.message_id for delivery in deliveries}
        stuck = every if isinstance(failures, CallFailed) else _not_gone(failures)
        self._hands.drop([delivery.message_id for delivery in deliveries])
        self._observer.in_flight(len(self._outbox), self._hands.size_bytes)
        self._observer.released([d for d in deliveries if d.message_id not in stuck], reason)
        return len(stuck)


def _not_gone(failures: Sequence[EntryFailure]) -> set[str]:
    return {failure.delivery.message_id for failure in failures if not failure.gone}
