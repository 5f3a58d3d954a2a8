"""Kinds of values that settings have, and how their rules are put into words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.fields import FieldInfo

from event_processor.text import masked_value

MIB: Final = 1024 * 1024

Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda text: str(text).upper())]
Flag = Annotated[Literal["true", "false"], BeforeValidator(lambda text: str(text).lower())]


@dataclass(frozen=True, slots=True)
class Spelling:
    """Metadata of a kind of value that is parsed: how to spell it, in words, and how to show a wrong one."""

    allowed: str
    masked: Callable[[object], str]


def _with_a_host(text: str | None) -> str | None:
    if text is None:
        return None
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if not parts.hostname or parts.port == 0:  # the port is read here: an impossible one is a ValueError
        raise ValueError(text)
    return text


QUEUE_NAME: Final = r"^[A-Za-z0-9_-]{1,80}$"
QUEUE_OR_FIFO_NAME: Final = r"^([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)$"
STREAM_NAME: Final = r"^[A-Za-z0-9_.-]{1,128}$"
REGION: Final = r"^[a-z0-9-]+$"
LAKE: Final = r"^(dir:.+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/].*)?)$"
WAREHOUSE: Final = r"^(none|duckdb:.+|redshift:[a-z0-9-]{3,64}/[A-Za-z0-9_$]{1,64})$"
CONTRACTS: Final = r"^(dir:.+|dynamodb:[A-Za-z0-9_.-]{3,255})$"
ORIGINS: Final = r"^(\*|https?://[^\s/,*]+(,https?://[^\s/,*]+)*)$"
JOBS: Final = r"^[A-Za-z0-9_.-]{1,40}=https?://[^\s/,]+[^\s,]*(,[A-Za-z0-9_.-]{1,40}=https?://[^\s/,]+[^\s,]*)*$"
_URL: Final = r"^https?://[^\s/]\S*$"
_HOST: Final = r"^[^\s/]+$"

Url = Annotated[str | None, Field(pattern=_URL), AfterValidator(_with_a_host)]
Host = Annotated[str | None, Field(pattern=_HOST), AfterValidator(_with_a_host)]

_PATTERN_WORDS: Final = {
    QUEUE_NAME: "1 to 80 letters, digits, _ and -",
    QUEUE_OR_FIFO_NAME: "1 to 80 letters, digits, _ and -; a FIFO queue's name ends with .fifo",
    STREAM_NAME: "1 to 128 letters, digits, _, . and -",
    REGION: "a region, such as eu-west-1",
    LAKE: "dir:FOLDER or s3://BUCKET/PREFIX",
    WAREHOUSE: "duckdb:FILE, redshift:WORKGROUP/DATABASE (the workgroup: 3 to 64 of a-z, 0-9 and -) or none",
    CONTRACTS: "dir:PATH or dynamodb:TABLE",
    ORIGINS: "`*`, or comma-separated origins, such as https://shop.example",
    JOBS: "comma-separated NAME=URL, such as gateway=http://127.0.0.1:8001",
    _URL: "an http or https URL",
    _HOST: "host or host:port",
}


def _networks(text: str | None) -> str | None:
    for each in (text or "").split(","):
        if each:
            ip_network(each)
    return text


Networks = Annotated[
    str | None,
    AfterValidator(_networks),
    Spelling("comma-separated addresses or networks, such as 10.0.0.0/8", masked_value),
]


def allowed(field: FieldInfo) -> str:
    """What may be typed for this field, in words."""
    if spelling := _spelling(field):
        return spelling.allowed
    if get_origin(field.annotation) is Literal:
        return ", ".join(get_args(field.annotation))
    low = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
    high = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
    if low is not None:
        is_integer = int in (field.annotation, *get_args(field.annotation))
        return f"{'an integer' if is_integer else 'a number'} from {low} to {high}"
    pattern = next((rule.pattern for rule in field.metadata if getattr(rule, "pattern", None)), None)
    return _PATTERN_WORDS.get(str(pattern), "any text")


def shown(field: FieldInfo, value: object) -> str:
    """Whatever was typed for this field, without secrets."""
    spelling = _spelling(field)
    return spelling.masked(value) if spelling else masked_value(value)


def spelling_error(field: FieldInfo, details: Mapping[str, Any]) -> str:
    """What the parser of the field says is wrong, in brackets; never the value."""
    error = details.get("ctx", {}).get("error")
    return f" ({error})" if _spelling(field) and error else ""


def _spelling(field: FieldInfo) -> Spelling | None:
    return next((rule for rule in field.metadata if isinstance(rule, Spelling)), None)
