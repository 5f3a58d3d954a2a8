"""Reads the fields of an answer. Null counts as absent; a field that cannot be read is a MalformedAnswer.

For both transports: the fields of an answer are named alike, whether botocore parsed it or not.
"""

from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import HTTPClientError

from event_processor.text import code_word

_LONGEST_NUMBER: Final = 129  # digits: those of a sequence number (API, SequenceNumber); more is nothing of AWS's
_NO_CODE: Final = "Unknown"
_OLD_PREFIX: Final = "AWS.SimpleQueueService."
"""What SQS puts before some of its codes (`AWS.SimpleQueueService.NonExistentQueue`), and leaves out in its manuals.
Any other word before a dot is a family (`KMS.AccessDeniedException`): without it, it would be another error."""


class MalformedAnswer(HTTPClientError):
    """An answer that cannot be understood. Whether the call took effect is unknown, as with an answer that is lost."""

    fmt = "answer not understood: {reason}"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


def objects(answer: Any, name: str) -> list[Any]:
    """A list of anything; empty if it is absent."""
    found = answer.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise MalformedAnswer(f"{name} is {_kind(found)}, not a list")
    return found


def mapping(answer: Any, name: str) -> Mapping[str, Any]:
    """An object; empty if it is absent."""
    found = _object(answer, "the answer").get(name)
    return {} if found is None else _object(found, name)


def maybe_text(answer: Any, name: str) -> str | None:
    """Text, or None if it is absent."""
    found = _object(answer, "an entry").get(name)
    if found is not None and not isinstance(found, str):
        raise MalformedAnswer(f"{name} is {_kind(found)}, not text")
    return found


def text(answer: Any, name: str) -> str:
    """Text that must be there."""
    found = maybe_text(answer, name)
    if not found:
        raise MalformedAnswer(f"{name} is missing")
    return found


def number(answer: Any, name: str, default: int | None = None) -> int:
    """A whole number, 0 or more, which AWS writes as digits in some places and as text in others."""
    found = _object(answer, "an entry").get(name, default)
    if found is None:
        found = default
    if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
        return found
    if isinstance(found, str) and is_number(found):
        return int(found)
    raise MalformedAnswer(f"{name} is {'missing' if found is None else 'not a number'}")


def is_number(found: str) -> bool:
    """Whether it is digits, and not too many."""
    return found.isdecimal() and found.isascii() and len(found) <= _LONGEST_NUMBER


def blob(answer: Any, name: str) -> bytes | None:
    """Bytes, which botocore has decoded already and the lean transport has not; None if absent."""
    found = _object(answer, "an entry").get(name)
    if found is None or isinstance(found, bytes):
        return found
    if not isinstance(found, str):
        raise MalformedAnswer(f"{name} is {_kind(found)}, not text")
    try:
        return a2b_base64(found, strict_mode=True)  # none at all is possible, too: a record of a stream may be empty
    except (NotBase64, ValueError) as error:
        raise MalformedAnswer(f"{name} is not base64") from error


def moment(answer: Any, name: str) -> datetime:
    """A time, which botocore has read already and AWS JSON writes as seconds since 1970."""
    found = _object(answer, "an entry").get(name)
    if isinstance(found, datetime):
        return found.astimezone(UTC)
    if not isinstance(found, (float, int)) or isinstance(found, bool):
        raise MalformedAnswer(f"{name} is {'missing' if found is None else 'not a time'}")
    try:
        return datetime.fromtimestamp(found, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise MalformedAnswer(f"{name} is not a time") from error


def shown_code(code: object) -> str:
    """A code as it stands in an answer, made fit for logs and metrics; one that is missing is `Unknown`."""
    return code_word(str(code or "")).removeprefix(_OLD_PREFIX) or _NO_CODE


def _object(found: Any, name: str) -> Mapping[str, Any]:
    if type(found) is not dict and not isinstance(
        found, Mapping
    ):  # to ask for a Mapping first costs five times as much
        raise MalformedAnswer(f"{name} is {_kind(found)}, not an object")
    return found


def _kind(found: Any) -> str:
    return "null" if found is None else f"of type {type(found).__name__}"
