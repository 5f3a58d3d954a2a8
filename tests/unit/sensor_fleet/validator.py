"""What the rules say of a submission that was spoiled on purpose, to hold the generator's word against.

The rules are those of `tests.reference`. Only the reader is another one: it goes on past what no parser can be asked to
make sense of, so that the events beside it are known.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from tests.reference import Object, Published, Rejected, Whole, envelope_faults, judge_events

HOSTILE: Final = object()
"""What a parser cannot be asked to make sense of."""


class RejectedError(Exception):
    """The submission is rejected as a whole."""


@dataclass(frozen=True)
class Verdict:
    """Good events as (sequence, type, data), sequences of bad ones, and whether one of those is hostile."""

    submission_id: str
    device_id: str
    time_created: str
    good: list[tuple[int, str, dict[str, Any]]]
    bad: list[int]
    hostile: bool


def validate(body: str) -> Verdict:
    """Raises RejectedError when the submission falls as a whole."""
    document = _document(body)
    if envelope_faults(document):
        raise RejectedError
    fields = dict(document.pairs)
    events = [event for _, listed in fields["events"].pairs for event in listed]
    good, bad = [], []
    for verdict in judge_events(fields):
        match verdict:
            case Published():
                record = json.loads(verdict.record)
                good.append((record["sequence"], record["event_type"], record["event_data"]))
            case Rejected():
                bad.append(verdict.sequence)
            case Whole():
                raise RejectedError
    ids = fields["submission_id"], fields["device_id"], fields["time_created"]
    return Verdict(*ids, good, bad, any(_is_hostile(events[sequence]) for sequence in bad))


def _document(body: str) -> Any:
    try:
        document = json.loads(
            _without_deep_nesting(_content(body).decode("utf-8")),
            object_pairs_hook=lambda pairs: Object([(key, _without_surrogates(value)) for key, value in pairs]),
            parse_constant=lambda _name: HOSTILE,
            parse_int=lambda digits: HOSTILE if len(digits) > 100 else int(digits),
            parse_float=lambda digits: HOSTILE if float(digits) in (float("inf"), float("-inf")) else float(digits),
        )
    except ValueError as error:
        raise RejectedError from error
    return document


def _content(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return body.encode()


def _without_deep_nesting(text: str) -> str:
    while opening := re.search(r'(\[){100,}|(\{"a":){100,}', text):
        depth = len(opening[0]) // len(opening[1] or opening[2])
        text = text[: opening.start()] + "NaN" + text[opening.end() + len("1") + depth :]
    return text


def _without_surrogates(value: Any) -> Any:
    is_broken = isinstance(value, str) and any(0xD800 <= ord(character) <= 0xDFFF for character in value)
    return HOSTILE if is_broken else value


def _is_hostile(event: Any) -> bool:
    if isinstance(event, Object):
        return event.is_ambiguous or any(value is HOSTILE for _, value in event.pairs)
    return event is HOSTILE
