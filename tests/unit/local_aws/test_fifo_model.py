"""The FIFO queue against the simplest thing that could be one: a list in sent order, searched from end to end."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from local_aws.clock import ManualClock
from local_aws.errors import AwsError
from local_aws.sqs.attributes import QueueAttributes
from local_aws.sqs.message import Message, State
from local_aws.sqs.queue import Queue, Redrive

MAX_RECEIVES = 4
groups = st.sampled_from("abc")
seconds = st.integers(0, 5)


@dataclass
class Expected:
    """What the model knows about a message that is in the queue."""

    id: str
    group: str
    hidden_until: float
    in_flight: bool = False
    receives: int = 0
    handle: str = ""


class FifoMachine(RuleBasedStateMachine):
    """Whatever is sent, received, deleted, released and waited for, each group goes on in the order it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.queue = Queue("queue.fifo", "arn", QueueAttributes(fifo=True), self.clock)
        self.dead = Queue("dead.fifo", "dead", QueueAttributes(fifo=True), self.clock)
        self.redrive = Redrive(self.dead, MAX_RECEIVES)
        self.expected: list[Expected] = []
        self.buried: set[str] = set()
        self.handles: list[str] = []
        self.sent = 0

    def flying(self, message: Expected) -> bool:
        """Whether the message is in flight now."""
        return message.in_flight and message.hidden_until > self.clock.now()

    def bury(self, group: list[Expected]) -> None:
        """Drop the worn-out messages that a receive comes across at the head of a group."""
        while group and group[0].hidden_until <= self.clock.now() and group[0].receives >= MAX_RECEIVES:
            self.buried.add(group[0].id)
            self.expected.remove(group.pop(0))

    def receivable(self, name: str) -> list[Expected]:
        """What one receive without limit could take from a group: its head, up to the first that is hidden."""
        group = [message for message in self.expected if message.group == name]
        head: list[Expected] = []
        self.bury(group)
        while group and group[0].hidden_until <= self.clock.now():
            head.append(group.pop(0))
            self.bury(group)
        return head

    @rule(group=groups, delay=st.sampled_from([0, 0, 0, 2]))
    def send(self, group: str, delay: int) -> None:
        """A message comes in, delayed or not."""
        self.sent += 1
        message = Message(str(self.sent), "body", self.clock.now(), group_id=group)
        self.queue.add(message, delay)
        self.expected.append(Expected(str(self.sent), group, self.clock.now() + delay))

    @rule(limit=st.integers(1, 10), visibility=seconds)
    def receive(self, limit: int, visibility: int) -> None:
        """From each group as many of the first as are visible, in order, and nothing behind one in flight."""
        received = [(message.id, handle) for message, handle in self.queue.receive(limit, visibility, self.redrive)]
        by_id = {message.id: message for message in self.expected}
        taken = [by_id[message_id] for message_id, _ in received]

        for name in dict.fromkeys(message.group for message in taken):
            mine = [message for message in taken if message.group == name]
            assert mine == self.receivable(name)[: len(mine)]
        if len(taken) < limit:
            assert sum(len(self.receivable(name)) for name in "abc") == len(taken)
        assert len({message.group for message in taken}) <= 1 or self.filled_up(taken)
        for message, (_, handle) in zip(taken, received, strict=True):
            message.hidden_until = self.clock.now() + visibility
            message.in_flight = True
            message.receives += 1
            message.handle = handle
            self.handles.append(handle)

    def filled_up(self, taken: list[Expected]) -> bool:
        """Whether each group but the last was emptied before the next one was begun."""
        order = list(dict.fromkeys(message.group for message in taken))
        counts = {name: sum(message.group == name for message in taken) for name in order}
        return all(counts[name] == len(self.receivable(name)) for name in order[:-1])

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Only the handle of a message in flight deletes it."""
        handle = data.draw(st.sampled_from(self.handles))
        owner = next((message for message in self.expected if message.handle == handle), None)
        code = ""
        try:
            self.queue.delete(handle)
        except AwsError as error:
            code = error.code
        if owner is None:
            return
        assert code == ("" if self.flying(owner) else "InvalidParameterValueException")
        if not code:
            self.expected.remove(owner)

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), visibility=seconds)
    def change_visibility(self, data: st.DataObject, visibility: int) -> None:
        """A message in flight is held longer or released by its latest handle."""
        handle = data.draw(st.sampled_from(self.handles))
        owner = next((message for message in self.expected if message.handle == handle), None)
        changed = True
        try:
            self.queue.change_visibility(handle, visibility)
        except AwsError:
            changed = False
        assert changed == (owner is not None and self.flying(owner))
        if owner and changed:
            owner.hidden_until = self.clock.now() + visibility

    @rule(passed=st.integers(1, 4))
    def pass_time(self, passed: int) -> None:
        """Deadlines come and go."""
        self.clock.advance(passed)

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every message is in one of the states, or in the dead-letter queue."""
        flying = sum(self.flying(message) for message in self.expected)
        total = sum(self.queue.count(state) for state in (State.VISIBLE, State.DELAYED, State.IN_FLIGHT))
        assert self.queue.count(State.IN_FLIGHT) == flying
        assert total + self.dead.count(State.VISIBLE) == len(self.expected) + len(self.buried)

    def teardown(self) -> None:
        """At the end every message can be had, each group in order."""
        self.clock.advance(10)
        rest: list[tuple[str, int]] = []
        while received := self.queue.receive(10, 30, self.redrive):
            for message, handle in received:
                rest.append((message.group_id, int(message.id)))
                self.queue.delete(handle)
        for name in "abc":
            numbers = [number for group, number in rest if group == name]
            left = [message for message in self.expected if message.group == name and message.receives < MAX_RECEIVES]
            assert numbers == [int(message.id) for message in left]


FifoMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


TestFifoModel = FifoMachine.TestCase
