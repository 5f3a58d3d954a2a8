"""ReceiveMessage that waits: woken by a send, an expired visibility timeout, an ended delay or the queue's end."""

import asyncio

from local_aws.clock import Clock
from local_aws.errors import Json
from local_aws.sqs.directory import QueueDirectory
from local_aws.sqs.errors import queue_does_not_exist
from local_aws.sqs.messages import Messages
from local_aws.sqs.params import integer
from local_aws.sqs.queue import Queue


class LongPoll:
    """Repeats the receive, each time the queue may have changed, until there is a message or the wait is over.

    ``patience`` measures the wait: a clock that jumps ends no long poll and makes none longer.
    """

    def __init__(self, directory: QueueDirectory, messages: Messages, clock: Clock, patience: Clock) -> None:
        self._directory = directory
        self._messages = messages
        self._clock = clock
        self._patience = patience

    async def receive(self, params: Json) -> Json:
        """ReceiveMessage with WaitTimeSeconds, or the queue's own wait time."""
        queue = self._directory.find(params)
        wait_seconds = integer(params, "WaitTimeSeconds", queue.attributes.wait_seconds, 0, 20)
        give_up_at = self._patience.now() + wait_seconds
        while True:
            messages = self._messages.receive(params)
            if messages:
                return {"Messages": messages}
            if self._patience.now() >= give_up_at:
                return {}
            await self._until_change(queue, give_up_at)
            # One that was created again under its name is another queue.
            if self._directory.find(params) is not queue:
                raise queue_does_not_exist()

    async def _until_change(self, queue: Queue, give_up_at: float) -> None:
        seconds = give_up_at - self._patience.now()
        if (deadline := queue.next_deadline()) is not None:
            seconds = min(seconds, deadline - self._clock.now())
        changed = asyncio.Event()
        queue.on_change(changed.set)
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            pass
        finally:
            queue.forget(changed.set)
