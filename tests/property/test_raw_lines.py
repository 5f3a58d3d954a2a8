"""A raw line gives its record back to the byte, whatever that is."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_processor.consuming.records import StreamRecord
from event_processor.lake.raw import line_of, record_of

NASTY = [
    b"",
    b"\n",
    b'{"a":1}\n',
    b'{\r"a":1}',
    b' {"a" :1.50, "a":2}\t',
    b'"}',
    b'{"x":",\\"data\\":"}',
    b"NaN",
    b"\xff\xfe",
    b'"\\ud800"',
    '{"ü":"\u2028"}'.encode(),
    b"\xf3\x89\x9a\xc2",
    b"1" * 5000,
    b"[" * 500 + b"]" * 500,
]
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
DOCUMENTS = st.builds(
    lambda value, indent: json.dumps(value, indent=indent).encode(), VALUES, st.sampled_from([None, 1])
)
TIMES = st.datetimes(timezones=st.just(UTC), allow_imaginary=False)
KEYS = st.one_of(st.text(max_size=30), st.sampled_from(['","data":{', '\\",\\"base64\\":\\"', "\ud800", "}\n"]))
RECORDS = st.builds(
    StreamRecord,
    st.from_regex(r"\A[1-9][0-9]{0,128}\Z").filter(str.isascii),
    KEYS,
    TIMES,
    st.one_of(st.binary(max_size=200), st.sampled_from(NASTY), DOCUMENTS),
)


@given(RECORDS)
def test_to_the_byte(record: StreamRecord) -> None:
    """Number, key, time and payload come back, binary and multi-line payloads too, and the line is one line of JSON."""
    line = line_of(record)
    again = record_of(line)

    assert again == record
    assert sha256(again.data).digest() == sha256(record.data).digest()
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert b"\r" not in line
    document = json.loads(line)
    assert {"data", "base64"} & document.keys()


@given(st.one_of(st.binary(max_size=60), RECORDS.map(lambda record: line_of(record)[3:])))
def test_what_is_no_line(line: bytes) -> None:
    """What is no such line is refused, never taken for something else."""
    with pytest.raises(ValueError, match="no line of a raw file"):
        record_of(line)


def test_json_stays_readable() -> None:
    """A payload that is one line of JSON stands in the line as it came, so that any tool reads it."""
    payload = b'{"b": 1.0,  "a":[1, 2]}'
    line = line_of(StreamRecord("7", "k", datetime(2026, 1, 2, tzinfo=UTC), payload))

    assert line == b'{"sequence":"7","key":"k","arrived":"2026-01-02T00:00:00.000000Z","data":' + payload + b"}\n"
    assert orjson.loads(line)["data"] == {"a": [1, 2], "b": 1.0}
