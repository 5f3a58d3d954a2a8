"""What a sensor may send. To add an event type: one model, one line in `EVENT_TYPES` (docs/event-types.md)."""

from typing import Annotated, Any, Final

from annotated_types import MinLen
from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from event_processor.rejects.reasons import Reason
from event_processor.submissions.fields import IPv4, Port, Text, Time, Uuid


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


def _known(event_type: str) -> str:
    if event_type not in EVENT_TYPES:
        raise PydanticCustomError(Reason.UNKNOWN_EVENT_TYPE.value, "This event type is not registered")
    return event_type


class Submission(BaseModel):
    """The envelope of a submission. Its events are still as received: each is judged on its own."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    submission_id: Uuid
    device_id: Uuid
    time_created: Time
    events: Annotated[dict[Annotated[str, AfterValidator(_known)], list[Any]], MinLen(1)]
