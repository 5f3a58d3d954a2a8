"""The port of the event types: which there are, and what a valid event of each is, is asked here."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from event_processor.rejects.reject import Fault

EventData = dict[str, Any]
"""The fields of a valid event that are published, by name; what is not known of it is left out."""


class EventTypes(Protocol):
    """Asked anew for every submission: the types may change while we run. Several threads ask."""

    @property
    def names(self) -> Collection[str]:
        """Of all event types that there are."""
        ...

    def read_all(self, event_type: str, events: Sequence[Any]) -> Sequence[EventData] | None:
        """The data of all events of a list, or None if one of them is not valid: cheaper than to read each."""
        ...

    def read(self, event_type: str, event: Any, pointer: str) -> EventData | tuple[Fault, ...]:
        """The data of an event, or all that is wrong with it; `pointer` is where it stands in its document."""
        ...
