"""Turns the fuzzer's bytes into bodies, and provides its first ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sensor_fleet.generator import Generator, Options
from tests.property.bodies import LITERALS
from tests.property.hostile import HOSTILE_BODIES, SHAPES
from tests.unit.samples import in_base64, submission

LONGEST_BYTES: Final = 5000  # room for the longest integer
_FROM_THE_FLEET: Final = 200
_WORDS: Final = (
    *(
        "\\u003a",
        "\\u0022",
        "\\ud83d\\ude00",
        "\\ud800",
        "\\\\",
        '\\"',
        '":"',
        '": ',
        '":1,"',
        "\xa0",
        "e30=",
        '{"a":1,"a":',
    ),
    *(json.dumps(word) for word in (*submission(), *submission()["events"], "cmdl", "user", "destination_port")),
)


def bodies(made: bytes) -> Iterator[str]:
    """What a fuzzer made, as the body itself and as what the base64 of a body holds."""
    yield made.decode("utf-8", "surrogateescape")
    yield in_base64(made)


def write_seeds(folder: Path) -> int:
    """The hostile bodies of the tests and a fleet's own faults, a file each; how many."""
    fleet = Generator(Options(seed=1, events=(1, 3), spoil=0.5, invalid_share=0.7, body="raw"))
    seeds = [
        *HOSTILE_BODIES,
        *(shape(400) for shape in SHAPES.values()),
        *(fleet.submission(index).body for index in range(_FROM_THE_FLEET)),
    ]
    short = [text.encode("utf-8", "surrogatepass") for text in seeds if len(text) <= LONGEST_BYTES]
    for number, seed in enumerate(short):
        (folder / str(number)).write_bytes(seed)
    return len(short)


def write_dictionary(file: Path) -> None:
    """The words of our documents and of JSON's darker corners, in libFuzzer's form."""
    words = [*_WORDS, *(literal for literal in LITERALS if len(literal) < 40)]
    hexed = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words)
    file.write_text("".join(f'"{word}"\n' for word in hexed))
