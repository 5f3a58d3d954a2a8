"""Document to submission, and a verdict for each of its events."""

from collections.abc import Collection, Iterator
from typing import Annotated, Any, NamedTuple

from annotated_types import MinLen
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from event_processor.json_document import Repeated
from event_processor.submissions.envelopes import advised
from event_processor.submissions.fields import Time, Uuid, faults_of
from event_processor.submissions.ports import EventData, EventTypes
from event_processor.verdict import Fault, Reason


def _known(event_type: str, info: ValidationInfo[Collection[str]]) -> str:
    if event_type not in info.context:
        raise PydanticCustomError(Reason.UNKNOWN_EVENT_TYPE.value, "This event type is not registered")
    return event_type


class Submission(BaseModel):
    """What a sensor sends, its events still as received: each is judged on its own.

    To be validated with the names of the event types as the context.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    submission_id: Uuid
    device_id: Uuid
    time_created: Time
    events: Annotated[dict[Annotated[str, AfterValidator(_known)], list[Any]], MinLen(1)]


class InvalidSubmission(NamedTuple):
    """A document that is no submission: what is wrong with it, and those of its ids that are sound."""

    faults: tuple[Fault, ...]
    submission_id: str | None = None
    device_id: str | None = None


class Valid(NamedTuple):
    """A sound event and its places: `sequence` in the whole document, `position` in the list of its type."""

    event_type: str
    position: int
    sequence: int
    data: EventData


class Invalid(NamedTuple):
    """An event that is not published, its places as in `Valid`, and why."""

    event_type: str
    position: int
    sequence: int
    faults: tuple[Fault, ...]


def open_submission(document: Any, event_types: EventTypes) -> Submission | InvalidSubmission:
    """The submission around the events, or what is wrong with the whole."""
    if isinstance(document, Repeated) or (isinstance(document, dict) and isinstance(document.get("events"), Repeated)):
        return InvalidSubmission(advised((_repeated("" if isinstance(document, Repeated) else "/events"),), document))
    try:
        return Submission.model_validate(document, context=event_types.names)
    except ValidationError as error:
        return InvalidSubmission(advised(faults_of(error, ""), document), **_sound_ids(document, error))


def judge(submission: Submission, event_types: EventTypes) -> Iterator[Valid | Invalid]:
    """Every event of the submission, in submission order, with its verdict."""
    sequence = 0
    for event_type, events in submission.events.items():
        sound = None if Repeated in map(type, events) else event_types.read_all(event_type, events)
        found = sound if sound is not None else _one_by_one(event_type, events, event_types)
        for position, verdict in enumerate(found):
            if isinstance(verdict, tuple):
                yield Invalid(event_type, position, sequence, verdict)
            else:
                yield Valid(event_type, position, sequence, verdict)
            sequence += 1


def _one_by_one(event_type: str, events: list[Any], event_types: EventTypes) -> Iterator[EventData | tuple[Fault, ...]]:
    for position, event in enumerate(events):
        yield judge_event(event_type, event, f"/events/{event_type}/{position}", event_types)


def judge_event(event_type: str, event: Any, pointer: str, event_types: EventTypes) -> EventData | tuple[Fault, ...]:
    """One event, or what is wrong with it; `pointer` is where it stands in its document."""
    if isinstance(event, Repeated):
        return (_repeated(pointer),)
    return event_types.read(event_type, event, pointer)


def _repeated(pointer: str) -> Fault:
    return Fault(Reason.REPEATED_KEY, pointer, "a key stands twice in this object")


def _sound_ids(document: Any, error: ValidationError) -> dict[str, str]:
    if not isinstance(document, dict):
        return {}
    faulty = {details["loc"][0] for details in error.errors(include_url=False, include_input=False) if details["loc"]}
    return {name: document[name] for name in ("submission_id", "device_id") if name not in faulty}
