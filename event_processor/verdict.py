"""What a verdict on anything received is made of, whatever door it came through: the faults, and their reasons."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why something was rejected. Closed: dashboards and alerts are built on these words."""

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    REPEATED_KEY = "repeated_key"
    NOT_AN_OBJECT = "not_an_object"
    NOT_A_LIST = "not_a_list"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    EMPTY = "empty"
    NOT_A_UUID = "not_a_uuid"
    NOT_A_TIME = "not_a_time"
    NOT_IPV4 = "not_ipv4"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    TOO_LARGE = "too_large"
    AGGREGATED = "aggregated"
    NO_CONTRACT = "no_contract"
    NOT_IN_ENUM = "not_in_enum"
    PATTERN = "pattern"
    FORMAT = "format"
    LENGTH = "length"
    UNPLANNED_FIELD = "unplanned_field"
    INVALID = "invalid"


class Stage(StrEnum):
    """How far something came before it was rejected."""

    PARSE = "parse"
    ENVELOPE = "envelope"
    RESOLVE = "resolve"
    CONTRACT = "contract"
    SIZE = "size"
    LOAD = "load"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the code, where (JSON pointer into the document), and in words without the payload.

    `expected` says in words what a contract asks for. `found` is a short excerpt of the payload, for the stores of
    rejects and for notices, never for logs; None where there is nothing to show, or the contract says `x-pii`.
    """

    reason: Reason
    pointer: str
    detail: str
    expected: str = ""
    found: str | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent it, as far as a record tells: the device, the library with its version, the version of the app."""

    device: str | None = None
    library: str | None = None
    app_version: str | None = None
