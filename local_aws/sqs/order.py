"""Which visible message is received next: any one in a standard queue, the first of a free group in a FIFO queue."""

import heapq
import itertools
import math
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
    """The messages of one MessageGroupId, by their number in the queue: those that wait and those in flight."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, Message]] = []
        self.queued = False
        self._in_flight: list[tuple[int, int, Message]] = []
        self._receives = itertools.count()

    def took_off(self, message: Message) -> None:
        """Note that a message of the group is in flight from now on."""
        heapq.heappush(self._in_flight, (message.serial, next(self._receives), message))

    def first_in_flight(self) -> float:
        """The number of the first message in flight; infinite without one."""
        while self._in_flight and self._in_flight[0][2].state is not State.IN_FLIGHT:
            heapq.heappop(self._in_flight)
        return self._in_flight[0][0] if self._in_flight else math.inf

    def first(self, before: float) -> Message | None:
        """The earliest message that waits, if it is visible and comes before this number.

        A delayed one holds back those behind it.
        """
        while self.waiting and self.waiting[0][1].state is State.OUTSIDE:
            heapq.heappop(self.waiting)
        if self.waiting and self.waiting[0][0] < before and self.waiting[0][1].state is State.VISIBLE:
            return self.waiting[0][1]
        return None


class FifoOrder:
    """One message group after the other, each in the order it was sent.

    What comes behind a message in flight is not received, but in the ReceiveMessage that took that message ("Using the
    Amazon SQS message group ID" in the SQS guide). What comes before the first one in flight is: a message released
    while later ones of its group are in flight can be received at once (LocalStack's
    test_fifo_message_group_visibility_after_terminate_visibility_timeout, validated there against AWS).
    """

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._free: deque[_Group] = deque()
        self._taken_from: _Group | None = None
        self._barrier = math.inf

    def begin_receive(self) -> None:
        """What earlier receives took bars the way from now on."""
        self._taken_from = None

    def first(self) -> Message | None:
        """First more of the group that this receive took from, then the group that has been free for longest."""
        if self._taken_from is not None and (message := self._taken_from.first(self._barrier)):
            return message
        while self._free:
            if message := self._free[0].first(self._free[0].first_in_flight()):
                return message
            self._free.popleft().queued = False
        return None

    def moved(self, message: Message, before: State) -> bool:
        """Messages keep their place in the group: a released one comes first again."""
        group = self._groups.setdefault(message.group_id, _Group())
        if message.state is State.IN_FLIGHT and before is State.VISIBLE:
            self._take(group)
            group.took_off(message)
        elif message.state in (State.VISIBLE, State.DELAYED) and before in (State.OUTSIDE, State.IN_FLIGHT):
            heapq.heappush(group.waiting, (message.serial, message))
        return self._free_up(message.group_id, group)

    def _take(self, group: _Group) -> None:
        heapq.heappop(group.waiting)
        if group is not self._taken_from:
            # It was the first; once it is free again, it queues up behind the others.
            self._free.popleft().queued = False
            self._taken_from = group
            # The message that is being taken is not in this heap yet: what this receive takes bars nothing in it.
            self._barrier = group.first_in_flight()

    def _free_up(self, group_id: str, group: _Group) -> bool:
        barrier = group.first_in_flight()
        if not group.first(barrier):
            if not group.waiting and barrier == math.inf:
                del self._groups[group_id]
            return False
        if not group.queued:
            group.queued = True
            self._free.append(group)
        return True
