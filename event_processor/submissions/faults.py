"""Turns pydantic's errors into faults: our own reasons, a pointer, and words without the payload."""

import re
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError

from event_processor.rejects.reject import Fault, Reason
from event_processor.submissions.fields import REASON_BY_PATTERN

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


def faults_of(error: ValidationError, pointer: str) -> tuple[Fault, ...]:
    """All of them, up to a hundred; `pointer` is where the value stands in its document."""
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
