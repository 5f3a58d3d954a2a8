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
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the code, where (JSON pointer into the document), and in words without the payload."""

    reason: Reason
    pointer: str
    detail: str
