"""What of a call of Segment's clients is published, byte for byte."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_processor.gateway.envelopes import BadEnvelope
from event_processor.gateway.segment import MOST_EVENTS, batch, single

KEY = "a-write-key"
DEEP = b"[" * 20_000 + b"]" * 20_000
Spaces = st.text(" \t\r\n", max_size=2)
Values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
    max_leaves=6,
)
Events = st.dictionaries(st.sampled_from(["type", "event", "userId", "p", "q", 'odd"\\,}{']), Values, max_size=5)


def written(members: list[tuple[str, Any]], space: str) -> str:
    """An object as no library would write it."""
    pairs = [f"{space}{json.dumps(name)}{space}:{space}{json.dumps(value)}{space}" for name, value in members]
    return "{" + ",".join(pairs) + (space if not pairs else "") + "}"


def published(body: bytes) -> list[bytes]:
    """Of a batch."""
    return [offer.data for offer in batch(body, MOST_EVENTS).offers]


@given(Events, Spaces)
def test_an_event_without_a_write_key_is_published_as_it_was_written(event: dict[str, Any], space: str) -> None:
    """By a call of its own, or in a batch of which nothing holds for all: byte for byte."""
    text = written([("type", "track"), *((name, value) for name, value in event.items() if name != "type")], space)

    assert single(f"{space}{text}{space}".encode(), "track").offers[0].data == text.encode()
    assert published(f'{{"batch":[{space}{text}{space}, 1.0 ],"writeKey":"{KEY}"}}'.encode()) == [text.encode(), b"1.0"]


@given(Events, Spaces, st.lists(st.integers(0, 5), min_size=1, max_size=2), st.booleans())
def test_the_write_key_is_cut_out_wherever_it_stands(
    event: dict[str, Any], space: str, places: list[int], is_escaped: bool
) -> None:
    """What is published is the event without it, every other member as it was written, and the type by the path."""
    members = list(event.items())
    for place in places:
        members.insert(place, ("writeKey", KEY))
    text = written(members, space)
    text = text.replace("writeKey", "write\\u004bey") if is_escaped else text

    call = single(text.encode(), "track")

    assert call.write_key == KEY
    data = call.offers[0].data.decode()
    assert KEY not in data
    assert json.loads(data) == {"type": "track"} | event
    assert all(f"{json.dumps(name)}{space}:{space}{json.dumps(value)}" in data for name, value in event.items())
    [again] = published(f'{{"batch":[{text}]}}'.encode())
    assert json.loads(again) == event


def test_what_holds_for_a_batch_is_added_to_each_event_that_lacks_it() -> None:
    """As Segment documents it: context and integrations are merged, the event's own count; so does its sentAt."""
    events = [
        b'{"event":"a"}',
        b'{ "context": {"ip":"own"} , "integrations":{ }, "sentAt":"own"\n}',
        b"{ }",
        b'{"context":null,"writeKey":"x"}',
    ]
    shared = b'"context":{"ip":"all", "app": {"name":"x"}},"integrations":{"All":true},"sentAt":"all"'
    added = (
        b'"context":{"ip":"all", "app": {"name":"x"}}',
        b'"integrations":{"All":true}',
        b'"sentAt":"all"',
    )

    for body in (
        b'{"batch":[%s],%s}' % (b",".join(events), shared),
        b'{%s ,"writeKey":"k", "batch" : [%s]}' % (shared, b",".join(events)),
    ):
        assert published(body) == [
            b'{"event":"a",' + b",".join(added) + b"}",
            b'{ "context": {"ip":"own","app":{"name":"x"}} , "integrations":{ "All":true}, "sentAt":"own"\n}',
            b"{ " + b",".join(added) + b"}",
            b'{"context":null,' + b",".join(added[1:]) + b"}",
        ]


@pytest.mark.parametrize(
    "faulty",
    [
        b'{"n":NaN}',
        b'{"n":[Infinity,-Infinity]}',
        b'{"n":%s}' % (b"9" * 5000),
        b'{"s":"\xff\xc3"}',
        b'{"s":"\t"}',
        b'{"d":%s}' % DEEP,
        DEEP,
        b'"text"',
        b"null",
        b'{"a":1,"a":2}',
    ],
)
def test_a_faulty_event_stands_for_itself(faulty: bytes) -> None:
    """It is left for the verdict, as it was written, and those around it are what they would be without it."""
    body = b'{"batch":[{"a":1},%s, {"b":2,"writeKey":"k"}],"writeKey":"k"}' % faulty

    assert published(body) == [b'{"a":1}', faulty, b'{"b":2}']


def test_the_write_key_leaves_what_cannot_be_read() -> None:
    """Neither text that is not UTF-8 nor depth hides it."""
    body = b'{"batch":[{"d":%s,"writeKey":"k"},{"writeKey":"k","s":"\xff"}],"sentAt":"t"}' % DEEP

    assert published(body) == [b'{"d":%s,"sentAt":"t"}' % DEEP, b'{"s":"\xff","sentAt":"t"}']


def test_the_write_key_of_a_batch_is_that_of_its_envelope() -> None:
    """Those of the events say nothing; one that is not text is none."""
    assert batch(b'{"batch":[{"writeKey":"x"}],"writeKey":"k"}', 1).write_key == "k"
    assert batch(b'{"batch":[{"writeKey":"x"}],"writeKey":7}', 1).write_key is None
    assert batch(b'{"batch":[]}', 1) == (None, [])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", ""),
        (b"  ", ""),
        (b"[]", ""),
        (b'{"a":1', ""),
        (b'{"a":1}}', ""),
        (b'{"a" 1}', ""),
        (b"{1:2}", ""),
        (b'{"batch":[{"a":tru}]}', ""),
        (b'{"batch":[{"a":1} {"a":1}]}', ""),
        (b'{"batch":[', ""),
        (b'{"batch":{}}', "/batch"),
        (b'{"event":"x"}', "/batch"),
        (b'{"batch":[1,2,3]}', "/batch"),
        (b'{"batch":[%s]}' % (b"[" * 1_000_000), ""),
    ],
)
def test_what_is_no_batch(body: bytes, pointer: str) -> None:
    """It is told where the fault is, in words that repeat nothing of the body."""
    with pytest.raises(BadEnvelope) as bad:
        batch(body, 2)
    assert bad.value.pointer == pointer


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch":[' + b" " * 4_000_000,
        b'{"batch":[' + b'{"a":' * 9000 + b'"' + b'\\"' * 100_000,
        b'{"batch":[' + b"[" * 4_000_000,
        b'{"batch":[' + (b"[" * 9000 + b"]" * 9000 + b",") * 200,
    ],
)
def test_no_body_keeps_the_door_busy(body: bytes) -> None:
    """Megabytes of space, of an open text or of brackets are gone through once, not once for each character."""
    begun = time.process_time()
    with pytest.raises(BadEnvelope):
        batch(body, MOST_EVENTS)
    assert time.process_time() - begun < 10
