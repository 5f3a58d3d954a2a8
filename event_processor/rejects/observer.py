"""The observer of rejects: what it is told."""

from collections.abc import Sequence
from typing import Protocol

from event_processor.rejects.reject import Reject


class RejectObserver(Protocol):
    """Hears of each reject once it is safe."""

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """These are in the reject store."""

    def halted(self, reason: str) -> None:
        """The reject limit is reached: this process receives nothing more. Told once."""
