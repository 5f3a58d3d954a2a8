"""Document to submission: what every event of it is worth, one by one."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple

from pydantic import FailFast, TypeAdapter, ValidationError

from event_processor.rejects.reasons import Fault, Reason
from event_processor.submissions.envelopes import advised
from event_processor.submissions.faults import faults_of
from event_processor.submissions.parse import Repeated
from event_processor.submissions.submission import EVENT_TYPES, Event, Submission

_LISTS: Final[dict[str, TypeAdapter[list[Event]]]] = {
    # All of a list in one call; FailFast, so that half a million bad events cost no more than one.
    name: TypeAdapter(Annotated[list[model], FailFast()])  # type: ignore[valid-type,arg-type]  # models are known late
    for name, model in EVENT_TYPES.items()
}


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
    event: Event


class Invalid(NamedTuple):
    """An event that is not published, its places as in `Valid`, and why."""

    event_type: str
    position: int
    sequence: int
    faults: tuple[Fault, ...]


def open_envelope(document: Any) -> Submission | InvalidSubmission:
    """The submission around the events, or what is wrong with the whole."""
    if isinstance(document, Repeated) or (isinstance(document, dict) and isinstance(document.get("events"), Repeated)):
        return InvalidSubmission(advised((_repeated("" if isinstance(document, Repeated) else "/events"),), document))
    try:
        return Submission.model_validate(document)
    except ValidationError as error:
        return InvalidSubmission(advised(faults_of(error, ""), document), **_sound_ids(document, error))


def judge(submission: Submission) -> Iterator[Valid | Invalid]:
    """Every event of the submission, in submission order, with its verdict."""
    sequence = 0
    for event_type, events in submission.events.items():
        for position, verdict in enumerate(_judge_list(event_type, events)):
            if isinstance(verdict, Event):
                yield Valid(event_type, position, sequence, verdict)
            else:
                yield Invalid(event_type, position, sequence, verdict)
            sequence += 1


def _judge_list(event_type: str, events: list[Any]) -> Iterator[Event | tuple[Fault, ...]]:
    if Repeated not in map(type, events):
        try:
            yield from _LISTS[event_type].validate_python(events)
            return
        except ValidationError:
            pass  # at least one is faulty: find out which
    for position, event in enumerate(events):
        yield judge_event(EVENT_TYPES[event_type], event, f"/events/{event_type}/{position}")


def judge_event(model: type[Event], event: Any, pointer: str) -> Event | tuple[Fault, ...]:
    """One event, or what is wrong with it; `pointer` is where it stands in its document."""
    if isinstance(event, Repeated):
        return (_repeated(pointer),)
    try:
        return model.model_validate(event)
    except ValidationError as error:
        return faults_of(error, pointer)


def _repeated(pointer: str) -> Fault:
    return Fault(Reason.REPEATED_KEY, pointer, "a key stands twice in this object")


def _sound_ids(document: Any, error: ValidationError) -> dict[str, str]:
    if not isinstance(document, dict):
        return {}
    faulty = {details["loc"][0] for details in error.errors(include_url=False, include_input=False) if details["loc"]}
    return {name: document[name] for name in ("submission_id", "device_id") if name not in faulty}
