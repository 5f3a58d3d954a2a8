"""Document to submission: what every event of it is worth, one by one."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final, NamedTuple

from pydantic import FailFast, TypeAdapter, ValidationError

from event_processor.publishing.record import event_id, uuid5
from event_processor.rejects.reject import Fault, Reason, Reject
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.envelopes import advised
from event_processor.submissions.fields import REASON_BY_PATTERN
from event_processor.submissions.parse import Repeated, original_text, whole
from event_processor.submissions.submission import EVENT_TYPES, Event, Submission

_REASON_BY_ERROR: Final = {
    "missing": Reason.MISSING_FIELD,
    "string_too_short": Reason.EMPTY,
    "too_short": Reason.EMPTY,
    "model_type": Reason.NOT_AN_OBJECT,
    "dict_type": Reason.NOT_AN_OBJECT,
    "list_type": Reason.NOT_A_LIST,
    "string_type": Reason.WRONG_TYPE,
    "int_type": Reason.WRONG_TYPE,
    "float_type": Reason.WRONG_TYPE,
    "bool_type": Reason.WRONG_TYPE,
    "greater_than_equal": Reason.OUT_OF_RANGE,
    "less_than_equal": Reason.OUT_OF_RANGE,
    **{reason.value: reason for reason in Reason},
}
_MOST_FAULTS: Final = 100  # of one reject: an envelope of 1 MiB may have 200,000, which no log and no queue would take
_NAMEABLE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LISTS: Final[dict[str, TypeAdapter[list[Event]]]] = {
    # All of a list in one call; FailFast, so that half a million bad events cost no more than one.
    name: TypeAdapter(Annotated[list[model], FailFast()])  # type: ignore[valid-type,arg-type]  # models are known late
    for name, model in EVENT_TYPES.items()
}


class Valid(NamedTuple):
    """A sound event and its places: `sequence` in the whole document, `position` in the list of its type."""

    event_type: str
    position: int
    sequence: int
    event: Event


def open_envelope(delivery: Delivery, document: Any) -> Submission | Reject:
    """The submission around the events, or the reject of the whole."""
    if isinstance(document, Repeated) or (isinstance(document, dict) and isinstance(document.get("events"), Repeated)):
        pointer = "" if isinstance(document, Repeated) else "/events"
        fault = Fault(Reason.REPEATED_KEY, pointer, "a key stands twice in this object")
        return whole(delivery, advised((fault,), document))
    try:
        return Submission.model_validate(document)
    except ValidationError as error:
        return whole(delivery, advised(_faults(error, ""), document), **_sound_ids(document, error))


def judge(delivery: Delivery, submission: Submission) -> Iterator[Valid | Reject]:
    """Every event of the submission, in submission order, with its verdict."""
    sequence = 0
    for event_type, events in submission.events.items():
        for position, verdict in enumerate(_judge_list(event_type, events)):
            if isinstance(verdict, Event):
                yield Valid(event_type, position, sequence, verdict)
            else:
                yield rejected_event(delivery, submission, event_type, position, sequence, verdict)
            sequence += 1


def rejected_event(
    delivery: Delivery,
    submission: Submission,
    event_type: str,
    position: int,
    sequence: int,
    faults: tuple[Fault, ...],
) -> Reject:
    """The reject of one event, its siblings untouched."""
    return Reject(
        reject_id=uuid5(f"reject/{event_id(submission.submission_id, event_type, position)}"),
        faults=faults,
        original=original_text(submission.events[event_type][position]),
        delivery=delivery,
        submission_id=submission.submission_id,
        device_id=submission.device_id,
        time_created=submission.time_created,
        event_type=event_type,
        sequence=sequence,
    )


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
        return (Fault(Reason.REPEATED_KEY, pointer, "a key stands twice in this object"),)
    try:
        return model.model_validate(event)
    except ValidationError as error:
        return _faults(error, pointer)


def _faults(error: ValidationError, pointer: str) -> tuple[Fault, ...]:
    return tuple(
        Fault(
            reason=_reason(details["type"], details.get("ctx", {})),
            pointer=pointer + "".join(f"/{_name(part)}" for part in details["loc"] if part != "[key]"),
            detail=details["msg"],
        )
        for details in islice(error.errors(include_url=False, include_input=False), _MOST_FAULTS)
    )


def _reason(error_type: str, context: dict[str, Any]) -> Reason:
    by_pattern = REASON_BY_PATTERN.get(context.get("pattern", ""))
    return by_pattern or _REASON_BY_ERROR.get(error_type, Reason.INVALID)


def _name(part: str | int) -> str:
    """A step of a JSON pointer. An odd name may be anything, a password too: it is not repeated."""
    text = str(part)
    return text if _NAMEABLE.fullmatch(text) else "?"


def _sound_ids(document: Any, error: ValidationError) -> dict[str, str]:
    if not isinstance(document, dict):
        return {}
    faulty = {details["loc"][0] for details in error.errors(include_url=False, include_input=False) if details["loc"]}
    return {name: document[name] for name in ("submission_id", "device_id") if name not in faulty}
