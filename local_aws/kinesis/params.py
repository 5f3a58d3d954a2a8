"""Reads request parameters with the errors Kinesis gives for missing and wrong ones."""

import re
from typing import Any, NoReturn

from local_aws.errors import Json
from local_aws.kinesis.errors import validation
from local_aws.params import wrong_type

_IDENTIFIER = re.compile(r"[a-zA-Z0-9_.-]+")
_LONGEST_IDENTIFIER = 128
_LONGEST_TOKEN = 512
MAX_HASH_KEY = 2**128 - 1


def required(params: Json, name: str) -> Any:
    """A parameter that must be there."""
    value = params.get(name)
    if value is None:
        raise validation(name, "null", "Member must not be null")
    return value


def text(params: Json, name: str) -> str:
    """A string that must be there."""
    value = params.get(name)
    return value if isinstance(value, str) else _not_text(params, name)


def _not_text(params: Json, name: str) -> NoReturn:
    raise wrong_type(required(params, name), "String")


def identifier(params: Json, name: str) -> str:
    """The name of a stream or the id of a shard."""
    value = text(params, name)
    if not _IDENTIFIER.fullmatch(value):
        raise validation(name, value, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    return _of_length(value, name, _LONGEST_IDENTIFIER)


def token(params: Json, name: str) -> str:
    """What an earlier call gave out, such as an iterator."""
    return _of_length(text(params, name), name, _LONGEST_TOKEN)


def _of_length(value: str, name: str, most: int) -> str:
    if not value:
        raise validation(name, value, "Member must have length greater than or equal to 1")
    if len(value) > most:
        raise validation(name, value, f"Member must have length less than or equal to {most}")
    return value


def choice(params: Json, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
    """One of the allowed words; it must be there unless there is a default."""
    if default is not None and params.get(name) is None:
        return default
    value = text(params, name)
    if value not in allowed:
        raise validation(name, value, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    return value


def integer(params: Json, name: str, default: int | None, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``; it must be there unless there is a default."""
    if default is not None and params.get(name) is None:
        return default
    value = required(params, name)
    if type(value) is not int:
        raise wrong_type(value, "Integer")
    if value < low:
        raise validation(name, value, f"Member must have value greater than or equal to {low}")
    if value > high:
        raise validation(name, value, f"Member must have value less than or equal to {high}")
    return value


def timestamp(params: Json, name: str) -> float:
    """Seconds since 1970, fractions allowed."""
    value = required(params, name)
    if type(value) not in (int, float):
        raise wrong_type(value, "Timestamp")
    return float(value)


def sequence_number(params: Json, name: str) -> int:
    """A sequence number."""
    return _decimal(params, name, 128)


def hash_key(params: Json, name: str) -> int:
    """A hash key. Of those that have 39 digits, some are beyond MAX_HASH_KEY."""
    return _decimal(params, name, 38)


def _decimal(params: Json, name: str, most: int) -> int:
    """A number in decimal digits, of which at most so many come after the first."""
    value = text(params, name)
    if not re.fullmatch(f"0|[1-9][0-9]{{0,{most}}}", value):
        raise validation(name, value, f"Member must satisfy regular expression pattern: 0|([1-9]\\d{{0,{most}}})")
    return int(value)


def strings(params: Json, name: str, high: int) -> list[str]:
    """A list of strings, of which there must be one and may be ``high``."""
    value = required(params, name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong_type(value, "list of Strings")
    if not 1 <= len(value) <= high:
        raise validation(name, value, f"Member must have length from 1 to {high}")
    return value
