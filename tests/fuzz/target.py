"""The process that fuzzes: takes libFuzzer's options, ends when they say so or at the first finding."""

import json.decoder
import json.scanner
import sys
from contextlib import suppress
from typing import Any

import atheris

with atheris.instrument_imports(
    include=["event_processor.submissions", "event_processor.publishing", "event_processor.rejects", "tests.reference"]
):
    from tests.fuzz.inputs import bodies
    from tests.property.verdicts import hold


def _visible_reader() -> Any:
    """The standard reader of JSON in its Python form: coverage cannot see into ours, which are C and Rust."""
    decoder: Any = json.decoder
    scanner: Any = json.scanner
    for part in (decoder.JSONObject, decoder.JSONArray, decoder.py_scanstring, scanner.py_make_scanner):
        atheris.instrument_func(part)
    reader: Any = json.JSONDecoder()
    reader.parse_string = decoder.py_scanstring
    reader.scan_once = scanner.py_make_scanner(reader)
    return reader


_READER = _visible_reader()


def judge(made: bytes) -> None:
    """Raises AssertionError, or whatever our code raises, for a body that is not judged as it should be."""
    for body in bodies(made):
        hold(body)
    with suppress(ValueError, RecursionError):
        _READER.decode(made.decode())


if __name__ == "__main__":
    atheris.Setup(sys.argv, judge)
    atheris.Fuzz()
