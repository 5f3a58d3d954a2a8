"""The event types that are built in. To add one: one model, one line in `EVENT_TYPES` (docs/event-types.md)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, FailFast, TypeAdapter, ValidationError

from event_processor.submissions.fields import IPv4, Port, Text, faults_of
from event_processor.submissions.ports import EventData, EventTypes
from event_processor.verdict import Fault


class Event(BaseModel):
    """The base of all event types: strict about types, silent about fields it does not know."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class NewProcess(Event):
    """A process was started."""

    cmdl: Text
    user: Text


class NetworkConnection(Event):
    """A connection was opened."""

    source_ip: IPv4
    destination_ip: IPv4
    destination_port: Port


EVENT_TYPES: Final[dict[str, type[Event]]] = {
    "new_process": NewProcess,
    "network_connection": NetworkConnection,
}


class EventModels(EventTypes):
    """See EventTypes: each type is a model, known from the start."""

    def __init__(self, models: Mapping[str, type[Event]] = EVENT_TYPES) -> None:
        self._models = dict(models)
        self._lists: dict[str, TypeAdapter[list[Event]]] = {
            # All of a list in one call; FailFast, so that half a million bad events cost no more than one.
            name: TypeAdapter(Annotated[list[model], FailFast()])  # type: ignore[valid-type,arg-type]  # known late
            for name, model in self._models.items()
        }

    @property
    def names(self) -> Collection[str]:
        """See EventTypes."""
        return self._models.keys()

    def read_all(self, event_type: str, events: Sequence[Any]) -> list[EventData] | None:
        """See EventTypes."""
        try:
            return [event.__dict__ for event in self._lists[event_type].validate_python(events)]
        except ValidationError:
            return None

    def read(self, event_type: str, event: Any, pointer: str) -> EventData | tuple[Fault, ...]:
        """See EventTypes."""
        try:
            return self._models[event_type].model_validate(event).__dict__
        except ValidationError as error:
            return faults_of(error, pointer)
