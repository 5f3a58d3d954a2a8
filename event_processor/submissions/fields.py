"""The kinds of field that submissions are made of, and the faults that are told when a value does not fit.

Patterns run in pydantic's own engine (Rust), where they cost a microsecond; `IPv4Address` and `UUID` cost ten. Faults
have our own reasons, a pointer, and words without the payload.
"""

import re
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from event_processor.verdict import Fault, Reason

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"^(?:{_OCTET}\.){{3}}{_OCTET}$"
_UUID = "^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

REASON_BY_PATTERN: Final = {_IPV4: Reason.NOT_IPV4, _UUID: Reason.NOT_A_UUID}


def _check_time(text: str) -> str:
    try:
        if len(text) < len("YYYY-MM-DDTHH"):
            raise ValueError
        datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError(Reason.NOT_A_TIME.value, "Input should be an ISO 8601 date and time") from None
    return text


Uuid = Annotated[str, StringConstraints(pattern=_UUID)]
"""A UUID in its canonical form, hyphens included; kept as it was written."""

Time = Annotated[str, AfterValidator(_check_time)]
"""An ISO 8601 date and time, with or without an offset; kept as it was written."""

Text = Annotated[str, StringConstraints(min_length=1)]
"""Any string that is not empty."""

IPv4 = Annotated[str, StringConstraints(pattern=_IPV4)]
"""Four decimal octets; no leading zeros, which some readers take for octal."""

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP or UDP port: an integer, so neither `80.0` nor `"80"` nor `true`."""


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
_MOST_FAULTS: Final = 100  # of one reject: a submission of 1 MiB may have 200,000, which no log and no queue would take
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
