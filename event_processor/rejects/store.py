"""The port of the reject store: where rejects are kept."""

from collections.abc import Sequence
from typing import Protocol

from event_processor.rejects.reject import Reject


class RejectStore(Protocol):
    """Where rejects go."""

    def store(self, rejects: Sequence[Reject]) -> Sequence[Reject]:
        """Returns when all of them are safe; raises CallFailed otherwise. May see the same reject again.

        Returns those that it has without their original, which it cannot take, however often it is asked: their message
        must stay on the queue.
        """
        ...
