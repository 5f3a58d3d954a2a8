"""What rejects need from the world: a store, the same store read back, and somebody who is told."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from event_processor.rejects.reject import KeptReject, Reject


class RejectStore(Protocol):
    """Where rejects go."""

    def store(self, rejects: Sequence[Reject]) -> Sequence[Reject]:
        """Returns when all of them are safe; raises CallFailed otherwise. May see the same reject again.

        Returns those that it has without their original, which it cannot take, however often it is asked: a message
        must stay on its queue then; a record does stay on its stream, for as long as that keeps it.
        """
        ...


class Archive(AbstractContextManager["Archive"], Protocol):
    """The rejects of one store, to be used inside `with`: what was taken out to be read is put back in the end."""

    warnings: list[str]
    """What an operator should know of this store, known when all is read."""

    def read(self) -> Iterator[KeptReject]:
        """Every reject once, whatever the number of deliveries that stored it. Call it once.

        Raises CallFailed, and StoreInUse if a replay would not be alone.
        """
        ...

    def is_replayed(self, reject_id: str) -> bool:
        """Whether it went out in an earlier replay."""
        ...

    def mark_replayed(self, reject_ids: Sequence[str]) -> None:
        """All records of these are acknowledged: remember that they are not to be sent again. Raises CallFailed."""
        ...


class RejectObserver(Protocol):
    """Hears of each reject once it is safe."""

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """These are in the reject store."""
