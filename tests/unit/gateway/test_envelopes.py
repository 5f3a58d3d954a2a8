"""Which bytes of a request are records."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_processor.gateway.envelopes import MOST_RECORDS, BadEnvelope, Offer, many_records, one_record

Spaces = st.text(" \t\r\n", max_size=3)
Documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
    max_leaves=10,
).map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


@given(Documents, Spaces, Spaces, Spaces, st.booleans())
def test_the_very_bytes_are_the_record(data: bytes, before: str, after: str, end: str, is_key_first: bool) -> None:
    """Whatever stands around it, and whatever is in it, a record is what the client wrote, byte for byte."""
    members = [b'"Data"' + before.encode() + b":" + before.encode() + data + after.encode(), b'"PartitionKey":"k"']
    body = b"{" + b",".join(reversed(members) if is_key_first else members) + end.encode() + b"}" + end.encode()

    assert one_record(body) == Offer(data, "k")


@given(st.lists(Documents, min_size=1, max_size=4), Spaces)
def test_several_keep_their_order_and_their_bytes(records: list[bytes], space: str) -> None:
    """So it is with each record of a list."""
    entries = [b'{ "partition-key" : null, "data":' + data + space.encode() + b"}" for data in records]
    body = space.encode() + b'{"records"' + space.encode() + b":[" + b" , ".join(entries) + b"]}"

    assert many_records(body) == [Offer(data, None) for data in records]


Nasty = st.sampled_from(
    [
        '},{"data":',
        '}, {"data": ',
        ',"partition-key":"k',
        ', "partition-key": "k"}',
        '"',
        "\\",
        "}]}",
        "é",
        "\x7f",
        "\ud800",
    ]
)
Values = st.recursive(
    st.none() | st.integers() | Nasty,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(Nasty | st.sampled_from(["data", "partition-key"]), each),
    max_leaves=8,
)
Entries = st.fixed_dictionaries({"data": Values}, optional={"partition-key": Nasty | st.none() | st.integers()})


@given(st.lists(Entries, max_size=4), st.booleans(), st.booleans(), st.integers(0, 400), st.sampled_from('{}[],:" 0x'))
def test_how_it_is_written_makes_no_difference(
    entries: list[Any], is_compact: bool, is_broken: bool, place: int, character: str
) -> None:
    """An envelope as clients write it is read by a shortcut, which finds what the reader of all others finds."""
    text = json.dumps({"records": entries}, separators=(",", ":") if is_compact else None)
    if is_broken:
        text = text[: place % len(text)] + character + text[place % len(text) + 1 :]
    body = text.encode()
    otherwise = body.replace(b"{", b"{ ", 1)  # as nobody writes it

    assert _found(body) == _found(otherwise)


def _found(body: bytes) -> list[Offer] | str:
    try:
        return many_records(body)
    except BadEnvelope as bad:
        return bad.pointer


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", ""),
        (b"nothing", ""),
        (b"[]", ""),
        (b'{"Data": {}', ""),
        (b'{"Data": {},}', ""),
        (b'{,"Data": {}}', ""),
        (b'{"Data" {}}', ""),
        (b'{"Data": {}} x', ""),
        (b'{"Data": {"a": NaN}}', ""),
        (b'{"Data": {"a": 1,}}', ""),
        (b'{"Data": ' + b"[" * 100_000, ""),
        (b'{"Data": "\xff"}', ""),
        (b'{"Data": {}, "Data": {}}', ""),
        (b'{"Data": {}, "Key": "a"}', ""),
        (b"{}", "/Data"),
        (b'{"data": {}}', ""),
        (b'{"Data": {}, "PartitionKey": 7}', "/PartitionKey"),
        (b'{"Data": {}, "PartitionKey": ""}', "/PartitionKey"),
        (b'{"Data": {}, "PartitionKey": "\\ud800"}', "/PartitionKey"),
        (json.dumps({"Data": {}, "PartitionKey": "é" * 257}).encode(), "/PartitionKey"),
    ],
)
def test_what_is_no_envelope_is_refused(body: bytes, pointer: str) -> None:
    """Nothing is guessed: what is not exactly an envelope is refused, with a pointer to what is wrong in it."""
    with pytest.raises(BadEnvelope) as refused:
        one_record(body)

    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"records": []}', "/records"),
        (b"{}", "/records"),
        (b'{"records": {}}', "/records"),
        (b'{"records": [{"data": 1}], "more": 1}', ""),
        (b'{"records": [{"data": 1}, 2]}', "/records/1"),
        (b'{"records": [{"data": 1},]}', "/records/1"),
        (b'{"records": [{"data": 1}, {}]}', "/records/1/data"),
        (b'{"records": [{"data": 1, "partition-key": 2}]}', "/records/0/partition-key"),
        (json.dumps({"records": [{"data": {}}] * (MOST_RECORDS + 1)}).encode(), "/records"),
    ],
)
def test_what_is_no_list_of_records_is_refused(body: bytes, pointer: str) -> None:
    """Nor is part of a list taken."""
    with pytest.raises(BadEnvelope) as refused:
        many_records(body)

    assert refused.value.pointer == pointer


def test_as_many_as_put_records_takes() -> None:
    """A request may have as many records as a call to Kinesis."""
    assert len(many_records(json.dumps({"records": [{"data": {}}] * MOST_RECORDS}).encode())) == MOST_RECORDS
