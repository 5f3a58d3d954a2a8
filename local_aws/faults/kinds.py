"""The kinds of values a fault can have: what is allowed, in code, in files and on the command line."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_aws.faults.codes import ALL_CODES
from local_aws.faults.operations import OPERATIONS


@dataclass(frozen=True)
class Kind:
    """A kind of value: in words for error messages, as a check, and from the text of a command-line option."""

    words: str
    accepts: Callable[[object], bool]
    from_text: Callable[[str], object]
    metavar: str | None = None

    def check(self, value: object) -> None:
        """Raises ValueError, saying what would be right."""
        if not self.accepts(value):
            raise ValueError(f"{value!r} is not {self.words}")


def is_number(value: object, low: float = -sys.float_info.max, high: float = sys.float_info.max) -> bool:
    """Whether this is a finite number in the range; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _are_from(allowed: frozenset[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, tuple) and all(item in allowed for item in value)


def _are_shares(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(shard, str) and is_number(share, 0, 1) for shard, share in value.items()
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(","))


def _shares(text: str) -> dict[str, float]:
    pairs = (item.partition("=") for item in text.split(","))
    return {shard.strip(): float(share) for shard, _, share in pairs}


SHARE = Kind("a share from 0 to 1", lambda value: is_number(value, 0, 1), float, "P")
SECONDS = Kind("a number of seconds, 0 or more", lambda value: is_number(value, 0), float, "S")
OFFSET_SECONDS = Kind("a number of seconds", is_number, float, "S")
MILLISECONDS = Kind(
    "a whole number of milliseconds, 0 or more", lambda value: type(value) is int and value >= 0, int, "N"
)
WHOLE_NUMBER = Kind("a whole number", lambda value: type(value) is int, int, "N")
SWITCH = Kind("true or false", lambda value: isinstance(value, bool), bool)
SHARES_BY_SHARD = Kind("shares from 0 to 1 by shard number or shard id", _are_shares, _shares, "SHARD=P,...")
CODES = Kind(f"a list of error codes from {', '.join(sorted(ALL_CODES))}", _are_from(ALL_CODES), _list, "CODE,...")
OPERATION_NAMES = Kind(
    f"a list of operations from {', '.join(sorted(OPERATIONS))}", _are_from(OPERATIONS), _list, "OPERATION,..."
)
