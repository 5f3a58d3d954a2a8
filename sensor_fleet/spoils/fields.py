"""Faults of one field of one event: that event is rejected, the rest of its submission is published."""

import json
from random import Random

from sensor_fleet.spoils.spoil import Spoil, dropped, one_of
from sensor_fleet.values import ADDRESSES, PORTS, TEXTS

_BAD_ADDRESSES = (
    "256.1.1.1",
    "10.0.0",
    "10.0.0.0.1",
    "10.0.0.-1",
    "10.0.0.1/24",
    "10.0.0.1\n",  # a pattern that ends in `$` lets it through
    "１０.0.0.1",  # noqa: RUF001 - full-width digits, which int() and \d take for digits
    "10.0.0.x",
    "localhost",
    "::1",
    "::ffff:10.0.0.1",
    "fe80::1ff:fe23:4567:890a",
)


def _wrong_type(rng: Random, name: str, text: str) -> str:
    quoted_as_the_other = "17" if name not in PORTS else "null"
    return rng.choice((quoted_as_the_other, "null", "true", "1.5", "[]", f"[{text}]", "{}"))


def _bad_port(rng: Random, _name: str, text: str) -> str:
    return rng.choice(("-1", "65536", "4294967739", f'"{text}"', f"{text}.0", "443.5", "4e2", "true", "false"))


FIELD_SPOILS = (
    Spoil("missing-field", TEXTS + ADDRESSES + PORTS, dropped),
    Spoil("empty-field", TEXTS + ADDRESSES, one_of('""')),
    Spoil("wrong-type", TEXTS + ADDRESSES + PORTS, _wrong_type),
    Spoil("bad-address", ADDRESSES, one_of(*map(json.dumps, _BAD_ADDRESSES))),
    Spoil("bad-port", PORTS, _bad_port),
)
