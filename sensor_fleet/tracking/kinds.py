"""Kinds of values: the part of a contract that asks for one, a maker of good ones, and ways to break it.

Beside each way stands by hand what must be said of it: the oracle asks no validator.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from sensor_fleet.tracking.scene import Scene
from sensor_fleet.values import uuid4

Make: TypeAlias = Callable[[Scene], Any]


def always(value: Any) -> Make:
    """Makes the same value each time."""
    return lambda _scene: value


def choice(*values: Any) -> Make:
    """Makes one of these values."""
    return lambda scene: scene.rng.choice(values)


def new_uuid(scene: Scene) -> str:
    """Makes another UUID each time."""
    return uuid4(scene.rng)


class Way(NamedTuple):
    """One way to break a value: what to put in its place, and the faults that each of these must get.

    A fault is where, behind the value's own pointer, and the code.
    """

    values: tuple[Any, ...]
    faults: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of values. `ways` has those that every contract with this kind must notice."""

    schema: Mapping[str, Any]
    make: Make
    ways: Mapping[str, Way]

    def private(self) -> "Kind":
        """The same, marked in the contract as telling of a person."""
        return Kind({**self.schema, "x-pii": True}, self.make, self.ways)


_NO_UUIDS: Final = (
    "0f4c2d17-417a-4a20-ba73-3ee0 aa0c1b2d",
    "0f4c2d17-417a-4a20-ba73-3ee0aa0c1b2",
    "0f4c2d17-417a-4a20-ba73-3ee0aa0c1b2g",
    "unknown",
    "",
)
_NO_TIMES: Final = ("2026-13-01T00:00:00Z", "2026-01-02 03:04:05", "2026-01-02", "yesterday", "")
_NO_STAMPS: Final = ("2020-06-01T00:00:24.000000", "2020-06-01 00:00:24", "2020-06-01", "yesterday", "")
_NO_ADDRESSES: Final = ("256.1.1.1", "10.0.0", "10.0.0.1/24", "localhost", "")
_NO_EMAILS: Final = ("ana", "ana@", "@example.com", "ana at example.com")
_NO_TEXTS: Final[tuple[Any, ...]] = (17, 1.5, True, None, [], {}, ["text"])
_NO_NUMBERS: Final[tuple[Any, ...]] = ("17", True, None, [], {})


def _wrong_type(values: tuple[Any, ...], *more: str) -> Way:
    return Way(values, (("", "wrong_type"), *(("", code) for code in more)))


def _bad(values: tuple[Any, ...], code: str) -> Way:
    return Way(values, (("", code),))


def text(make: Make, longest: int = 200) -> Kind:
    """Any text that is not too long."""
    too_long = _bad(("é" * (longest + 1), "x" * (longest + 100)), "length")
    ways = {"wrong-type": _wrong_type(_NO_TEXTS), "too-long": too_long}
    return Kind({"type": "string", "maxLength": longest}, make, ways)


def uuid(make: Make) -> Kind:
    """A UUID."""
    ways = {"wrong-type": _wrong_type(_NO_TEXTS), "bad-uuid": _bad(_NO_UUIDS, "not_a_uuid")}
    return Kind({"type": "string", "format": "uuid"}, make, ways)


def time(make: Make) -> Kind:
    """A time by RFC 3339."""
    ways = {"wrong-type": _wrong_type(_NO_TEXTS), "bad-time": _bad(_NO_TIMES, "not_a_time")}
    return Kind({"type": "string", "format": "date-time"}, make, ways)


def stamp(make: Make) -> Kind:
    """A time as databases write it, with a space and microseconds, which RFC 3339 does not know."""
    ways = {"wrong-type": _wrong_type(_NO_TEXTS), "bad-time": _bad(_NO_STAMPS, "pattern")}
    return Kind({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$"}, make, ways)


def address(make: Make) -> Kind:
    """An IPv4 address."""
    ways = {"wrong-type": _wrong_type(_NO_TEXTS), "bad-address": _bad(_NO_ADDRESSES, "not_ipv4")}
    return Kind({"type": "string", "format": "ipv4"}, make, ways)


def email(make: Make) -> Kind:
    """An e-mail address."""
    ways = {"wrong-type": _wrong_type(_NO_TEXTS), "bad-email": _bad(_NO_EMAILS, "format")}
    return Kind({"type": "string", "format": "email"}, make, ways)


def one_of(*allowed: str, make: Make | None = None) -> Kind:
    """One of these texts."""
    others = tuple(word for word in ("x9", "Female", "none", " ") if word not in allowed)
    ways = {
        "wrong-type": _wrong_type(_NO_TEXTS, "not_in_enum"),
        "not-in-enum": _bad((*others, allowed[0] + " "), "not_in_enum"),
    }
    return Kind({"type": "string", "enum": list(allowed)}, make or choice(*allowed), ways)


def digits(make: Make) -> Kind:
    """A number that is sent as text, as forms do."""
    ways = {
        "wrong-type": _wrong_type((80, 1.5, None, ["80"])),
        "not-digits": _bad(("eighty", "-80", "8e1", "80 ", "80\n", "٨٠", "1" * 13), "pattern"),
    }
    return Kind({"type": "string", "pattern": "^[0-9]{0,12}$"}, make, ways)


def integer(low: int, high: int, make: Make | None = None) -> Kind:
    """A whole number between two others, both included."""
    ways = {
        "wrong-type": _wrong_type((*_NO_NUMBERS, low + 0.5)),
        "out-of-range": _bad((low - 1, high + 1, 10**18), "out_of_range"),
    }
    made = make or (lambda scene: scene.rng.randint(low, high))
    return Kind({"type": "integer", "minimum": low, "maximum": high}, made, ways)


def amount(make: Make) -> Kind:
    """An amount of money, not negative."""
    ways = {"wrong-type": _wrong_type(_NO_NUMBERS), "out-of-range": _bad((-0.01, -5), "out_of_range")}
    return Kind({"type": "number", "minimum": 0}, make, ways)


def flag() -> Kind:
    """Yes or no."""
    ways = {"wrong-type": _wrong_type(("true", "", 0, 1, None, []))}
    return Kind({"type": "boolean"}, lambda scene: scene.rng.random() < 0.5, ways)


def texts(make: Make) -> Kind:
    """A list of texts."""
    ways = {
        "wrong-type": _wrong_type(("asthma", None, {}, 17)),
        "bad-item": Way((["asthma", 17], ["", None]), (("/1", "wrong_type"),)),
    }
    return Kind({"type": "array", "items": {"type": "string"}}, make, ways)


def products(make: Make) -> Kind:
    """What was ordered: at least one thing, each with its price."""
    good, second = {"sku": "a-1", "price": 9.5, "quantity": 1}, {"sku": "b-2", "price": -1, "quantity": 1}
    ways = {
        "wrong-type": _wrong_type(("a-1", None, {}, 17)),
        "empty": _bad(([],), "length"),
        "bad-item": Way(([good, second],), (("/1/price", "out_of_range"),)),
        "incomplete-item": Way(([{"sku": "a-1"}, good],), (("/0", "missing_field"), ("/0", "missing_field"))),
        "unplanned-field": Way(([good | {"color": "red"}],), (("/0", "unplanned_field"),)),
    }
    properties = {
        "sku": {"type": "string", "maxLength": 40},
        "price": {"type": "number", "minimum": 0},
        "quantity": {"type": "integer", "minimum": 1},
    }
    item = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    return Kind({"type": "array", "minItems": 1, "items": item}, make, ways)


def anything(make: Make) -> Kind:
    """What no contract says anything about."""
    return Kind({}, make, {})
