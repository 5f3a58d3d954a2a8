"""The kinds of field that submissions are made of, each with the reason given when a value does not fit.

Patterns run in pydantic's own engine (Rust), where they cost a microsecond; `IPv4Address` and `UUID` cost ten.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from event_processor.rejects.reject import Reason

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
