"""Which visible message is received next: any one in a standard queue, the first of a free group in a FIFO queue."""

import heapq
from collections import deque
from typing import Protocol

from local_aws.sqs.message import Message, State


class Order(Protocol):
    """The messages of a queue that wait to be received. Every operation costs the same at any depth."""

    def begin_receive(self) -> None:
        """A ReceiveMessage begins."""
        ...

    def first(self) -> Message | None:
        """The next message this ReceiveMessage may take, or None."""
        ...

    def moved(self, message: Message, before: State) -> bool:
        """The message has changed its state. Returns whether more can be received now."""
        ...


class StandardOrder:
    """First in, first out, redelivered ones last. Messages that are no longer visible are skipped."""

    def __init__(self) -> None:
        self._visible: deque[Message] = deque()

    def begin_receive(self) -> None:
        """Nothing depends on it."""

    def first(self) -> Message | None:
        """The one that has been visible for longest."""
        while self._visible and self._visible[0].state is not State.VISIBLE:
            self._visible.popleft()
        return self._visible[0] if self._visible else None

    def moved(self, message: Message, before: State) -> bool:
        """Visible messages join at the end."""
        if message.state is State.VISIBLE:
            self._visible.append(message)
            return True
        if before is State.VISIBLE and self._visible[0] is message:
            self._visible.popleft()
        return False


class _Group:
    """The messages of one MessageGroupId, by their number in the queue; those in flight are only counted."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, Message]] = []
        self.in_flight = 0
        self.queued = False

    def first(self) -> Message | None:
        """The earliest message that is here, if it is visible: a delayed one holds back those behind it."""
        while self.waiting and self.waiting[0][1].state is State.OUTSIDE:
            heapq.heappop(self.waiting)
        if self.waiting and self.waiting[0][1].state is State.VISIBLE:
            return self.waiting[0][1]
        return None


class FifoOrder:
    """One message group after the other, each in the order it was sent.

    While a message of a group is in flight, no other of that group is received, but in the ReceiveMessage that took it
    ("Using the Amazon SQS message group ID" in the SQS guide).
    """

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._free: deque[_Group] = deque()
        self._taken_from: _Group | None = None

    def begin_receive(self) -> None:
        """Groups that an earlier receive took from are locked."""
        self._taken_from = None

    def first(self) -> Message | None:
        """First more of the group that this receive took from, then the group that has been free for longest."""
        if self._taken_from is not None and (message := self._taken_from.first()):
            return message
        while self._free:
            if message := self._free[0].first():
                return message
            self._free.popleft().queued = False
        return None

    def moved(self, message: Message, before: State) -> bool:
        """Messages keep their place in the group: a released one comes first again."""
        group = self._groups.setdefault(message.group_id, _Group())
        group.in_flight += (message.state is State.IN_FLIGHT) - (before is State.IN_FLIGHT)
        if message.state is State.IN_FLIGHT and before is State.VISIBLE:
            self._take(group)
        elif message.state in (State.VISIBLE, State.DELAYED) and before in (State.OUTSIDE, State.IN_FLIGHT):
            heapq.heappush(group.waiting, (message.serial, message))
        return self._free_up(message.group_id, group)

    def _take(self, group: _Group) -> None:
        heapq.heappop(group.waiting)
        if group is not self._taken_from:
            # It was the first; once it is free again, it queues up behind the others.
            self._free.popleft().queued = False
            self._taken_from = group

    def _free_up(self, group_id: str, group: _Group) -> bool:
        if group.in_flight or not group.first():
            if not group.in_flight and not group.waiting:
                del self._groups[group_id]
            return False
        if not group.queued:
            group.queued = True
            self._free.append(group)
        return True
