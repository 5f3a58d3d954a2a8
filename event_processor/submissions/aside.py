"""Submissions with rejects, set aside until the reject store has them. Pure bookkeeping: no I/O, no clock, no threads.

Only the delivery is kept, and made into records and rejects again when its turn comes: so many of them cost no more
memory than their bodies, which are counted already, however long the store is down.
"""

from collections import Counter, deque
from collections.abc import Iterable

from event_processor.submissions.delivery import Delivery


class Aside:
    """First come, first served; of a message group, one worker at a time, so that its order is kept."""

    def __init__(self) -> None:
        self._waiting: deque[Delivery] = deque()
        self._groups: Counter[str] = Counter()  # of all that is aside, taken or not
        self._taken: set[str] = set()  # groups that a worker has

    def __len__(self) -> int:
        """How many wait to be taken."""
        return len(self._waiting)

    @property
    def groups(self) -> set[str]:
        """The message groups of all that is aside. What comes behind it in its group must not overtake it."""
        return set(self._groups)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Let them wait behind all that wait already."""
        for delivery in deliveries:
            self._waiting.append(delivery)
            if delivery.group is not None:
                self._groups[delivery.group] += 1

    def take(self, most: int) -> list[Delivery]:
        """The first ones, less those whose group another worker has. They stay aside until they are `done`."""
        found: list[Delivery] = []
        left: deque[Delivery] = deque()
        for delivery in self._waiting:
            is_free = len(found) < most and delivery.group not in self._taken
            (found if is_free else left).append(delivery)
        self._waiting = left
        self._taken.update(delivery.group for delivery in found if delivery.group is not None)
        return found

    def withdraw(self, group: str | None) -> list[Delivery]:
        """What waits of this group is not aside any more: what it stood behind has gone back to the queue."""
        found = [delivery for delivery in self._waiting if group is not None and delivery.group == group]
        self._waiting = deque(delivery for delivery in self._waiting if group is None or delivery.group != group)
        self._leave(found)
        return found

    def done(self, deliveries: Iterable[Delivery]) -> None:
        """Take these from aside; their groups are free for the next."""
        gone = list(deliveries)
        self._leave(gone)
        self._taken.difference_update(delivery.group for delivery in gone if delivery.group is not None)

    def _leave(self, deliveries: Iterable[Delivery]) -> None:
        for group in [delivery.group for delivery in deliveries if delivery.group is not None]:
            self._groups[group] -= 1
            if not self._groups[group]:
                del self._groups[group]
