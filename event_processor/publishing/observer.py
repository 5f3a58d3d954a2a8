"""The observer of publishing: what it is told."""

from collections.abc import Hashable, Sequence
from typing import Protocol

from event_processor.publishing.answers import Refused
from event_processor.publishing.record import Record


class PublishingObserver(Protocol):
    """Hears of each wave and of its records."""

    def wave(self, lanes: Sequence[Hashable], acknowledged: int, refused: int, call_seconds: float) -> None:
        """A wave is back, with a record of each of these lanes. Neither: nobody knows whether it is stored."""

    def published(self, records: Sequence[Record]) -> None:
        """Kinesis acknowledged these."""

    def refused(self, refusals: Sequence[Refused]) -> None:
        """Kinesis refused so many records of a wave; they go again."""
