"""The queue against the simplest thing that could be one: a list that is searched from end to end."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from local_aws.clock import ManualClock
from local_aws.errors import AwsError
from local_aws.sqs.attributes import QueueAttributes
from local_aws.sqs.message import Message, State
from local_aws.sqs.queue import Queue

seconds = st.integers(0, 5)


@dataclass
class Expected:
    """What the model knows about a message that is not deleted."""

    id: str
    hidden_until: float
    delayed: bool
    handle: str = ""


class QueueMachine(RuleBasedStateMachine):
    """Whatever is sent, received, deleted, hidden and waited for, queue and list agree on every message."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.queue = Queue("queue", "arn", QueueAttributes(), self.clock)
        self.expected: list[Expected] = []
        self.handles: list[str] = []
        self.received_by: dict[str, Expected] = {}
        self.sent = 0

    def visible(self) -> list[Expected]:
        """The messages a receiver could get now."""
        return [message for message in self.expected if message.hidden_until <= self.clock.now()]

    def owner(self, handle: str) -> Expected | None:
        """The message whose latest receive gave this handle."""
        return next((message for message in self.expected if message.handle == handle), None)

    @rule(delay=seconds)
    def send(self, delay: int) -> None:
        """A message comes in, delayed or not."""
        self.sent += 1
        self.queue.add(Message(str(self.sent), "body", self.clock.now()), delay)
        self.expected.append(Expected(str(self.sent), self.clock.now() + delay, delayed=delay > 0))

    @rule(limit=st.integers(1, 10), visibility=seconds)
    def receive(self, limit: int, visibility: int) -> None:
        """As many as asked for or there are, none twice, all of them visible before."""
        visible = {message.id: message for message in self.visible()}
        received = self.queue.receive(limit, visibility, redrive=None)

        ids = [message.id for message, _ in received]
        assert len(set(ids)) == len(ids) == min(limit, len(visible))
        assert set(ids) <= set(visible)
        for message, handle in received:
            visible[message.id].hidden_until = self.clock.now() + visibility
            visible[message.id].delayed = False
            visible[message.id].handle = handle
            self.handles.append(handle)
            self.received_by[handle] = visible[message.id]

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Only a message's latest handle deletes it."""
        handle = data.draw(st.sampled_from(self.handles))
        owner = self.owner(handle)
        self.queue.delete(handle)
        if owner:
            self.expected.remove(owner)

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), visibility=seconds)
    def change_visibility(self, data: st.DataObject, visibility: int) -> None:
        """Any handle of a message that is there still holds it longer, hides it again or releases it."""
        handle = data.draw(st.sampled_from(self.handles))
        received = self.received_by[handle]
        code = ""
        try:
            self.queue.change_visibility(handle, visibility)
        except AwsError as error:
            code = error.code
        assert code == ("" if received in self.expected else "InvalidParameterValueException")
        if received in self.expected:
            received.hidden_until = self.clock.now() + visibility

    @rule(passed=st.integers(1, 4))
    def pass_time(self, passed: int) -> None:
        """Deadlines come and go."""
        self.clock.advance(passed)

    @rule()
    def purge(self) -> None:
        """Everything goes."""
        self.queue.purge()
        self.expected.clear()

    @invariant()
    def counts_agree(self) -> None:
        """The three counts are those of the list."""
        now = self.clock.now()
        hidden = [message.delayed for message in self.expected if message.hidden_until > now]
        assert self.queue.count(State.VISIBLE) == len(self.visible())
        assert self.queue.count(State.DELAYED) == sum(hidden)
        assert self.queue.count(State.IN_FLIGHT) == len(hidden) - sum(hidden)


QueueMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


TestQueueModel = QueueMachine.TestCase
