"""What this process holds: the room left for more, and until when each message is hidden. Pure bookkeeping."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from event_processor.submissions.delivery import Delivery

LONGEST_VISIBILITY_SECONDS: Final = 12 * 3600  # from the receive; asking for more is an error (ChangeMessageVisibility)
_MARGIN_SECONDS: Final = 10


@dataclass(slots=True)
class Held:
    """A message in our hands, since `taken_at`; its present handle is from `received_at`, if we got it twice.

    `ours` turns false when somebody else may have the message: the queue calls our handle stale, or `hidden_until` has
    passed. Its events still go out, but it is neither extended nor deleted nor given back any more. `admitted` turns
    true when its records are with the publisher: what follows it in its message group may follow now. `stays`: the
    queue alone has the original of one of its rejects, so that it goes back in the end instead of being deleted.
    """

    delivery: Delivery
    taken_at: float
    received_at: float
    hidden_until: float
    size_bytes: int
    ours: bool = True
    admitted: bool = False
    stays: bool = False


class Holdings:
    """The messages in flight, by message id, never more than `max_submissions`.

    `max_bytes` bounds bodies and records together; a receive reserves its worst case before it starts. One submission
    at a time may then unfold into records past the bound; nothing more is taken in until they are gone.
    """

    def __init__(self, max_submissions: int, max_bytes: int, visibility_seconds: int) -> None:
        self._max_submissions = max_submissions
        self._max_bytes = max_bytes
        self._visibility_seconds = visibility_seconds
        self._held: dict[str, Held] = {}
        self._reserved_submissions = 0
        self._reserved_bytes = 0
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self._held.values()))

    def __contains__(self, held: Held) -> bool:
        return self._held.get(held.delivery.message_id) is held

    def __getitem__(self, message_id: str) -> Held:
        return self._held[message_id]

    def among(self, message_ids: Iterable[Hashable]) -> list[Held]:
        """Those of these messages that are still held."""
        return [self._held[str(message_id)] for message_id in message_ids if message_id in self._held]

    @property
    def size_bytes(self) -> int:
        """Bodies and records of everything held."""
        return self._bytes

    @property
    def is_full(self) -> bool:
        """No room for what another body would unfold into."""
        return self._bytes >= self._max_bytes

    def reserve(self, submissions: int, size_bytes: int) -> bool:
        """Set room aside for a receive; False if there is not enough."""
        fits = (
            len(self._held) + self._reserved_submissions + submissions <= self._max_submissions
            and self._bytes + self._reserved_bytes + size_bytes <= self._max_bytes
        )
        if fits:
            self._reserved_submissions += submissions
            self._reserved_bytes += size_bytes
        return fits

    def unreserve(self, submissions: int, size_bytes: int) -> None:
        """The receive is over: what it brought is held by now, the rest of its room is free again."""
        self._reserved_submissions -= submissions
        self._reserved_bytes -= size_bytes

    def take(self, delivery: Delivery, now: float) -> bool:
        """Hold a message just received. False if it was held already: then only its handle is renewed."""
        hidden_until = now + self._visibility_seconds
        known = self._held.get(delivery.message_id)
        if known is not None:
            delivery.submission_id = known.delivery.submission_id
            known.delivery, known.received_at, known.hidden_until, known.ours = delivery, now, hidden_until, True
            return False
        self._held[delivery.message_id] = Held(delivery, now, now, hidden_until, delivery.body_bytes)
        self._bytes += delivery.body_bytes
        return True

    def received_again(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Those that were ours until now: the queue gave them out a second time, so they were not hidden any more."""
        return [each for each in deliveries if each.message_id in self._held and self._held[each.message_id].ours]

    def stuck_groups(self, deliveries: Iterable[Delivery]) -> set[str | None]:
        """Message groups of which we hold one of these messages already, and have not come to admit it."""
        known = self.among(delivery.message_id for delivery in deliveries if delivery.group is not None)
        return {held.delivery.group for held in known if not held.admitted}

    def grow(self, message_id: str, size_bytes: int) -> None:
        """Count the records of a message, which exist now."""
        self._held[message_id].size_bytes += size_bytes
        self._bytes += size_bytes

    def drop(self, message_id: str) -> Held:
        """Forget a message that is finished, or somebody else's."""
        held = self._held.pop(message_id)
        self._bytes -= held.size_bytes
        return held

    def due(self, now: float, lead_seconds: float) -> list[Held]:
        """What is hidden for no longer than so many seconds from now, and may be extended."""
        latest = now + lead_seconds
        return [
            held
            for held in self._held.values()
            if held.hidden_until <= latest and held.ours and self.extension_seconds(held, now) > 0
        ]

    def extension_seconds(self, held: Held, now: float) -> int:
        """For how long it may be hidden from now on: the timeout, within SQS's ceiling of twelve hours."""
        left = held.received_at + LONGEST_VISIBILITY_SECONDS - _MARGIN_SECONDS - now
        return min(self._visibility_seconds, int(left))

    def run_out(self, now: float, among: Iterable[Held] | None = None) -> list[tuple[Delivery, str]]:
        """What is visible to others by now, with the reason: it is not ours any more. Each is told once.

        Our clock says so, not the queue: AWS lets an older handle change visibility, so a hold that was lost and taken
        by somebody else may look sound for ever.
        """
        overdue = [
            held for held in (self._held.values() if among is None else among) if held.hidden_until <= now and held.ours
        ]
        for held in overdue:
            held.ours = False
        return [(held.delivery, self._why(held, now)) for held in overdue]

    def extended(self, delivery: Delivery, start: float, seconds: int, now: float) -> None:
        """The queue has taken an extension that was sent at `start`.

        If that was noticed only after the time had run out, the message is ours again.
        """
        held = self._held.get(delivery.message_id)
        if held is not None and held.delivery is delivery:
            held.hidden_until = start + seconds
            held.ours = held.ours or held.hidden_until > now

    def lose(self, delivery: Delivery) -> bool:
        """The handle is stale. True if that is news: it was ours, and has not come again since."""
        held = self._held.get(delivery.message_id)
        if held is None or held.delivery is not delivery or not held.ours:
            return False
        held.ours = False
        return True

    def _why(self, held: Held, now: float) -> str:
        return "HeldTwelveHours" if self.extension_seconds(held, now) <= 0 else "NotExtendedInTime"


def fitting(deliveries: Sequence[Delivery], room_bytes: int) -> tuple[Sequence[Delivery], Sequence[Delivery]]:
    """The first ones that there is room for, one at least, and the rest: in their groups nothing overtakes."""
    left = room_bytes
    for number, delivery in enumerate(deliveries):
        left -= delivery.body_bytes
        if left < 0 and number:
            return deliveries[:number], deliveries[number:]
    return deliveries, []
