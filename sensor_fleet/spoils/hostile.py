"""Fields made to break a parser. The event must not appear; where a parser may fail, its siblings may be missing."""

from random import Random

from sensor_fleet.spoils.spoil import Spoil, one_of
from sensor_fleet.values import ADDRESSES, PORTS, TEXTS

_LONGEST_STRING_BYTES = 700_000  # in base64 still below the 1 MiB of an SQS message


def _deep_nesting(rng: Random, _name: str, _text: str) -> str:
    depth = rng.choice((300, 3_000, 30_000))
    opening, closing = rng.choice((("[", "]"), ('{"a":', "}")))
    return opening * depth + "1" + closing * depth


def _huge_number(rng: Random, _name: str, _text: str) -> str:
    return rng.choice(("1e400", "-1e400", "1" + "0" * 400, "9" * 5_000, "1e999999999"))


def _twice(_rng: Random, name: str, text: str) -> str:
    return f'{text}, "{name}": {text}'


def _long_string(rng: Random, _name: str, _text: str) -> str:
    return '"' + "1" * rng.randrange(100_000, _LONGEST_STRING_BYTES) + '"'


HOSTILE_SPOILS = (
    Spoil("deep-nesting", TEXTS + ADDRESSES + PORTS, _deep_nesting, open_siblings=True),
    Spoil("huge-number", PORTS, _huge_number, open_siblings=True),
    Spoil("not-a-number", PORTS, one_of("NaN", "Infinity", "-Infinity"), open_siblings=True),
    Spoil("duplicate-key", TEXTS + ADDRESSES + PORTS, _twice, open_siblings=True),
    Spoil("lone-surrogate", TEXTS, one_of(r'"\ud83d"', r'"x\udc00y"', r'"\udc00\ud83d"'), open_siblings=True),
    Spoil("long-string", ADDRESSES, _long_string),
)
