"""A RejectStore in memory."""

from collections.abc import Sequence

from event_processor.errors import CallFailed
from event_processor.rejects.reject import Reject


class MemoryRejects:
    """See RejectStore. Keeps all in `stored`; while `failing` is set, keeps nothing and raises CallFailed."""

    def __init__(self) -> None:
        self.failing = False
        self.stored: list[Reject] = []

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """See RejectStore."""
        if self.failing:
            raise CallFailed("store", "ENOSPC", "told to fail")
        self.stored.extend(rejects)
        return []
