"""Rejects read back: what `rejects list`, `show` and `replay` need of a store."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from event_processor.rejects.kept_reject import KeptReject


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
