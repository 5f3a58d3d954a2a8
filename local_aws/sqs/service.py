"""SQS as one call: operation and parameters in, answer out."""

from collections.abc import Callable

from local_aws.caller import Caller
from local_aws.clock import Clock
from local_aws.errors import Json, unknown_operation
from local_aws.faults import FaultDice
from local_aws.sqs.directory import QueueDirectory
from local_aws.sqs.long_poll import LongPoll
from local_aws.sqs.messages import Messages
from local_aws.sqs.tags import QueueTags


class SqsService:
    """Queues, all in memory. ``dice`` gives the faults of the moment, ``patience`` measures how long receivers wait."""

    def __init__(self, clock: Clock, dice: Callable[[], FaultDice], patience: Clock) -> None:
        self._directory = QueueDirectory(clock)
        self._tags = QueueTags(self._directory)
        self._messages = Messages(self._directory, clock, dice)
        self._long_poll = LongPoll(self._directory, self._messages, clock, patience)
        self.wake_receivers = self._directory.wake_receivers

    async def call(self, operation: str, params: Json, caller: Caller) -> Json:
        """Answer one operation. Raises AwsError."""
        if operation == "ReceiveMessage":
            return await self._long_poll.receive(params)
        if operation in self._messages.operations:
            return self._messages.operations[operation](params)
        if operation in self._messages.sends:
            return self._messages.sends[operation](params, caller.trace_header)
        if operation in self._tags.operations:
            return self._tags.operations[operation](params)
        if operation in self._directory.operations:
            return self._directory.operations[operation](params, caller.endpoint)
        raise unknown_operation("SQS", operation, "InvalidAction")
