"""The verdict on a record: which contract it is judged by, and what is told of its faults."""

import json
from typing import Any

import pytest

from event_processor.contracts.judge import Accepted
from event_processor.contracts.streams import Stream, Template
from event_processor.verdict import Reason, Sender, Stage
from tests.unit.contracts.judging import PAGE, SEGMENT, WHOLE, contract, faults, refused, verdict

POLICY_PAGE = contract(
    "page/Policy Type",
    type="object",
    required=["messageId", "properties"],
    properties={
        "messageId": {"type": "string", "x-max-bytes": 64},
        "properties": {
            "properties": {
                "gender": {"enum": ["female", "male", "other", ""]},
                "visitorUUID": {"type": "string", "format": "uuid"},
            }
        },
    },
)


def test_the_sample_event_of_lambda() -> None:
    """Segment's sample has a gender that is none and a UUID with a blank: one reject with exactly these two faults."""
    found = refused(SEGMENT, PAGE, POLICY_PAGE)

    assert [(fault.pointer, fault.reason, fault.found) for fault in found.faults] == [
        ("/properties/gender", Reason.NOT_IN_ENUM, '"x9"'),
        ("/properties/visitorUUID", Reason.NOT_A_UUID, '"0f4c2d17-417a-4a20-ba73-3ee0 aa0c1b2d"'),
    ]
    assert found.faults[0].expected == 'one of "female", "male", "other", ""'
    assert (found.stage, found.subject, str(found.version)) == (Stage.CONTRACT, "page/Policy Type", "1-0-0")
    assert found.sender == Sender("5b0e6f0a-7d0c-4c5e-9a53-2f8d1f6f3a11", "analytics.js 3.7.2")
    fixed = PAGE.replace(b'"x9"', b'"male"').replace(b"3ee0 aa", b"3ee0aa")
    assert isinstance(verdict(SEGMENT, fixed, POLICY_PAGE), Accepted)


@pytest.mark.parametrize(
    ("record", "subject"),
    [
        ({"type": "page", "name": "Policy Type"}, "page/Policy Type"),
        ({"type": "screen", "name": "Home"}, "screen/Home"),
        ({"type": "track", "event": "Order Completed", "name": "not this"}, "track/Order Completed"),
        ({"type": "identify", "traits": {"name": "Ann"}}, "identify"),
        ({"type": "group", "groupId": "1"}, "group"),
        ({"type": "alias", "previousId": "1"}, "alias"),
        ({"type": "page", "name": None}, "page"),
        ({"type": "page", "event": None, "name": "Home"}, "page/Home"),
    ],
)
def test_every_type_of_segment_is_judged_by_configuration(record: dict[str, Any], subject: str) -> None:
    """Segment's six types find their contracts by one template; what a type does not have falls away."""
    found = verdict(SEGMENT, record, contract(subject))

    assert isinstance(found, Accepted)
    assert found.subject == subject


@pytest.mark.parametrize(
    ("record", "pointer", "reason"),
    [
        ({"name": "Home"}, "/type", Reason.MISSING_FIELD),
        ({"type": None, "name": "Home"}, "/type", Reason.MISSING_FIELD),
        ({}, "/type", Reason.MISSING_FIELD),
        ({"type": 5}, "/type", Reason.WRONG_TYPE),
        ({"type": ""}, "/type", Reason.EMPTY),
        ({"type": "page", "name": 5}, "/name", Reason.WRONG_TYPE),
        ({"type": "page", "name": ["Home"]}, "/name", Reason.WRONG_TYPE),
        ({"type": "page", "name": {}}, "/name", Reason.WRONG_TYPE),
        ({"type": "page", "name": False}, "/name", Reason.WRONG_TYPE),
        ({"type": "page", "name": ""}, "/name", Reason.EMPTY),
        ({"type": "track", "event": 7, "name": "Home"}, "/event", Reason.WRONG_TYPE),
        ({"type": "page", "name": "a\x1b[31m"}, "/name", Reason.FORMAT),
        ({"type": "page", "name": "x" * 201}, "/name", Reason.FORMAT),
        ({"type": "page", "name": "\u00e9" * 60}, "/name", Reason.FORMAT),
        ({"type": "..", "name": "x"}, "/type", Reason.FORMAT),
    ],
)
def test_a_record_that_does_not_say_what_it_is(record: Any, pointer: str, reason: Reason) -> None:
    """A type or a name that is missing, no text, or fit for no subject is a reject at that field."""
    found = refused(SEGMENT, record, contract("page"), contract("page/Home"), contract("track/Home"))

    assert (found.stage, found.faults[0].pointer, found.faults[0].reason) == (Stage.RESOLVE, pointer, reason)
    assert not found.depends_on_contracts


@pytest.mark.parametrize("subject", ["identity", "page/policy type", "page/Policy Type "])
def test_an_unknown_subject_is_never_valid(subject: str) -> None:
    """A subject without a contract is a reject that names it; a contract published later may accept the record."""
    kind, _, name = subject.partition("/")
    found = refused(SEGMENT, {"type": kind} | ({"name": name} if name else {}), POLICY_PAGE)

    assert (found.faults[0].reason, found.stage, found.subject) == (Reason.NO_CONTRACT, Stage.RESOLVE, subject)
    assert found.depends_on_contracts


def test_a_part_in_the_middle_cannot_fall_away() -> None:
    """What is missing is told where something follows, for without it two subjects would be one."""
    stream = Stream("s", Template.parse("app-{app}/{kind}/{name}"))

    assert refused(stream, {"app": "a", "name": "n"}).faults[0].pointer == "/kind"
    assert refused(stream, {"app": "a", "kind": "k"}).subject == "app-a/k"
    assert refused(stream, {}).faults[0].pointer == "/app"


def test_a_contract_about_a_part() -> None:
    """With `at` the contract judges that part, and pointers are those into the whole record."""
    stream = Stream("events", Template.parse("event/{event_type}"), at="/event_data")
    connection = contract("event/network", type="object", properties={"port": {"type": "integer"}})

    found = refused(stream, {"event_type": "network", "event_data": {"port": "80"}}, connection)
    missing = refused(stream, {"event_type": "network", "device_id": "d1"}, connection)

    assert [fault.pointer for fault in found.faults] == ["/event_data/port"]
    assert (missing.stage, missing.faults[0].pointer) == (Stage.ENVELOPE, "/event_data")
    assert missing.sender.device == "d1"
    assert isinstance(verdict(stream, {"event_type": "network", "event_data": {"port": 80}}, connection), Accepted)
    assert refused(stream, {"event_data": {}}).faults[0].pointer == "/event_type"


@pytest.mark.parametrize(
    ("data", "reason", "pointer"),
    [
        (b"\xf3\x89\x9a\xc2\x0a\x03abc", Reason.AGGREGATED, ""),
        (b'{"a": "\xff"}', Reason.NOT_UTF8, ""),
        (b"{", Reason.NOT_JSON, ""),
        (b"", Reason.NOT_JSON, ""),
        (b'{"a": NaN}', Reason.NOT_JSON, ""),
        (b'{"a": "\\ud800"}', Reason.NOT_JSON, ""),
        (b'{"a": 1e999999999999}', Reason.NOT_JSON, ""),
        (b'{"a": -1e309}', Reason.NOT_JSON, ""),
        (b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}", Reason.NOT_JSON, ""),
        (b"[]", Reason.NOT_AN_OBJECT, ""),
        (b'"text"', Reason.NOT_AN_OBJECT, ""),
        (b"null", Reason.NOT_AN_OBJECT, ""),
        (b'{"a": 1, "a": 2}', Reason.REPEATED_KEY, ""),
        (b'{"b": [{"x-y": {"a": 1, "\\u0061": 2}}]}', Reason.REPEATED_KEY, "/b/0/x-y"),
        (b'{"b": {"x/y": {"a": 1, "a": 2}}}', Reason.REPEATED_KEY, "/b/?"),
        (b'{"b": {"' + b"x" * 100_000 + b'": {"a": 1, "a": 2}}}', Reason.REPEATED_KEY, "/b/?"),
    ],
)
def test_what_is_no_document(data: bytes, reason: Reason, pointer: str) -> None:
    """What is not a JSON object that everybody reads alike is a reject of its own, whatever contracts there are."""
    found = refused(WHOLE, data, contract("thing"))

    assert (found.stage, found.faults[0].reason, found.faults[0].pointer) == (Stage.PARSE, reason, pointer)
    assert not found.depends_on_contracts


@pytest.mark.parametrize(
    ("value", "schema", "reason", "expected"),
    [
        ("x", {"type": "integer"}, "wrong_type", "an integer"),
        (1.5, {"type": ["integer", "null"]}, "wrong_type", "null or an integer"),
        ("x", {"const": "y"}, "not_in_enum", '"y"'),
        ("x", {"pattern": "^y"}, "pattern", "a text that matches ^y"),
        ("x", {"format": "uuid"}, "not_a_uuid", "the format uuid"),
        ("2026-01-02 03:04", {"format": "date-time"}, "not_a_time", "the format date-time"),
        ("1.2.3.256", {"format": "ipv4"}, "not_ipv4", "the format ipv4"),
        ("a.b.c", {"format": "email"}, "format", "the format email"),
        ("x y", {"format": "uri"}, "format", "the format uri"),
        ("2026-02-30", {"format": "date"}, "not_a_time", "the format date"),
        ("abc", {"maxLength": 2}, "length", "at most 2 characters"),
        ("\u00e4\u00e4", {"x-max-bytes": 3}, "length", "at most 3 bytes of UTF-8"),
        ([1], {"minItems": 2}, "length", "at least 2 items"),
        (5, {"maximum": 4}, "out_of_range", "at most 4"),
        (5, {"multipleOf": 2}, "out_of_range", "a multiple of 2"),
        (5, False, "unplanned_field", "no such field"),
        (
            {"b": 1},
            {"properties": {"c": {}}, "additionalProperties": False},
            "unplanned_field",
            "no fields but those of the contract",
        ),
        ({}, {"required": ["b"]}, "missing_field", 'the field "b"'),
        ([1, 1], {"uniqueItems": True}, "invalid", "no item twice"),
        (
            1.5,
            {"anyOf": [{"type": "string"}, {"type": "integer", "maximum": 1}]},
            "invalid",
            "either a text, or an integer and at most 1",
        ),
    ],
)
def test_what_was_expected(value: Any, schema: Any, reason: str, expected: str) -> None:
    """Each fault has a word for programs and says for people what the contract asks for."""
    found = refused(WHOLE, {"a": value}, contract("thing", properties={"a": schema}))

    assert [(each.pointer, each.reason.value, each.expected) for each in found.faults] == [("/a", reason, expected)]


def test_bytes_are_counted_as_warehouses_do() -> None:
    """`x-max-bytes` counts bytes of UTF-8 where `maxLength` counts characters, and only of texts, also within anyOf."""
    limited = {"properties": {"a": {"anyOf": [{"type": "string", "x-max-bytes": 4}, {"type": "integer"}]}}}

    assert faults({"a": "\u00e4\u00e4"}, **limited) == []
    assert faults({"a": 123456}, **limited) == []
    assert faults({"a": "\u00e4\u00e4a"}, **limited) == [("/a", "invalid")]


def test_faults_are_bounded() -> None:
    """Of a thousand faults a hundred are told, and how many more there are; excerpts are short."""
    found = refused(
        WHOLE, {"a": ["x" * 500] * 150}, contract("thing", properties={"a": {"items": {"type": "integer"}}})
    )

    assert len(found.faults) == 101
    assert found.faults[-1].detail == "and 50 more faults"
    assert {len(fault.found or "") for fault in found.faults[:100]} == {100}


CANARY = "ann@example.com"
PII: dict[str, Any] = {
    "$defs": {"address": {"x-pii": True, "type": "string", "format": "ipv4"}},
    "properties": {
        "email": {"x-pii": True, "type": "string", "maxLength": 3, "enum": ["a"], "pattern": "^b", "x-max-bytes": 2},
        "owner": {"x-pii": True, "properties": {"first": {"type": "integer"}}, "additionalProperties": False},
        "either": {"anyOf": [{"type": "integer"}, {"x-pii": True, "type": "string", "maxLength": 3}]},
        "by": {"x-pii": True, "additionalProperties": {"type": "integer"}, "propertyNames": {"maxLength": 2}},
        "list": {"items": {"$ref": "#/$defs/address"}},
        "outer": {"required": ["gone"], "oneOf": [{"maxProperties": 0}, {"not": {}}]},
        "late": {"type": "integer"},
        "anonymousId": {"x-pii": True},
    },
    "allOf": [{"properties": {"late": {"x-pii": True}}}],
    "additionalProperties": False,
}


def test_personal_data_stays_out_of_what_is_told() -> None:
    """An address within `x-pii` is in no pointer, words, excerpt or sender, however its contract is written."""
    record = {
        "email": CANARY,
        "owner": {"first": CANARY, CANARY: 1, "ann-example": 2},
        "either": CANARY,
        "by": {CANARY: CANARY, "ann-example": CANARY},
        "list": [CANARY],
        "outer": {"email": CANARY},
        "late": CANARY,
        "anonymousId": CANARY,
        CANARY: 1,
    }
    found = refused(WHOLE, record, contract("thing", **PII))

    assert "example" not in repr(found)
    assert {fault.pointer for fault in found.faults} == {
        "", "/email", "/owner", "/owner/first", "/either", "/by", "/by/?", "/list/0", "/outer", "/late",
    }  # fmt: skip


@pytest.mark.parametrize("at", ["", "/event_data"])
@pytest.mark.parametrize("name", ["ann", CANARY, "123456789"])
def test_where_a_key_stands_twice_is_no_personal_data(at: str, name: str) -> None:
    """Of a key that appears twice within `x-pii` the place is told without the names that senders made up."""
    properties = {"by": {"x-pii": True}, "x/y": {"properties": {"z": {}}}}
    stream = Stream("events", Template.parse("thing"), at=at)

    def pointer(part: str) -> str:
        data = f'{{"event_data": {part}}}' if at else part
        return refused(stream, data.encode(), contract("thing", properties=properties)).faults[0].pointer

    assert pointer(f'{{"by": {{"{name}": {{"a": 1, "a": 2}}}}}}') == f"{at}/by/?"
    assert pointer('{"x/y": {"z": {"a": 1, "a": 2}}}') == f"{at}/x~1y/z"


def test_names_that_nobody_planned() -> None:
    """The name of an unplanned field is told, unless it is odd: then it may be anything, a password too."""
    record = {"utm_term": 1, "pass word": 2}
    found = refused(WHOLE, record, contract("thing", properties={"a": {}}, additionalProperties=False))
    hidden = refused(WHOLE, record, contract("thing", additionalProperties=False))

    assert found.faults[0].found == "utm_term, ?"
    assert [(fault.pointer, fault.found) for fault in hidden.faults] == [("", None)]


def test_senders_of_mobile_apps() -> None:
    """The version of the app is told: which release broke it is the first question."""
    context = {"library": {"name": "ios"}, "app": {"version": "2.1\n"}, "device": {"id": "d1"}}
    found = refused(SEGMENT, {"type": "x", "context": context, "anonymousId": "a1"})

    assert found.sender == Sender("d1", "ios", "2.1")
    assert refused(SEGMENT, {"type": "x", "context": {"library": [], "app": 1}}).sender == Sender()


def test_large_records_are_told_part_by_part() -> None:
    """In a record of many thousand values faults are found where they are, and missing fields are told."""
    schema = {
        "required": ["id"],
        "properties": {
            "rows": {"items": {"properties": {"n": {"type": "integer"}, "a b/c": {"maxLength": 1}}}},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
    }
    rows: list[dict[str, Any]] = [{"n": index, "a b/c": "x"} for index in range(5000)]
    rows[4321] = {"n": "1", "a b/c": "xx"}

    assert faults({"id": 1, "rows": rows}, **schema) == [
        ("/rows/4321/n", "wrong_type"),
        ("/rows/4321/a b~1c", "length"),
    ]
    assert faults({"rows": rows[:4000], "tags": ["a", 1]}, **schema) == [
        ("", "missing_field"),
        ("/tags/1", "wrong_type"),
    ]


def test_json_of_any_size_of_number() -> None:
    """Integers beyond 64 bits are judged as what they are."""
    assert faults(json.loads('{"a": 123456789012345678901234567890}'), properties={"a": {"type": "integer"}}) == []
    assert faults({"a": 10**30}, properties={"a": {"maximum": 5}}) == [("/a", "out_of_range")]
