"""Tables and their columns, as the contracts of what goes into them ask for."""

from typing import Any

import pytest

from event_processor.errors import SettingsError
from event_processor.lake.columns import OWN, Column, Kind, Table, tables_of
from tests.unit.lake.tabling import EVENTS, USER_EVENTS, contract, contract_of_file, stream

TEXT = {"type": "string"}


def columns(properties: dict[str, Any], required: tuple[str, ...] = (), /, **more: Any) -> dict[str, Column]:
    """Those of a table of one subject, without our own."""
    found = tables_of(stream("a", "t"), {"a": contract("a", properties, required, **more)})["a"]
    assert found.columns[-3:] == OWN
    return {each.name: each for each in found.columns[:-3]}


def names(table: Table) -> list[str]:
    """Of all of its columns, in order."""
    return [each.name for each in table.columns]


@pytest.mark.parametrize(
    ("schema", "kind", "most"),
    [
        (TEXT, Kind.TEXT, 65_535),
        ({"type": "string", "x-max-bytes": 30}, Kind.TEXT, 30),
        ({"type": "string", "x-max-bytes": 100_000}, Kind.TEXT, 65_535),
        ({"type": ["string", "null"], "format": "uuid"}, Kind.UUID, 36),
        ({"type": "string", "format": "date-time"}, Kind.TIME, None),
        ({"type": "string", "x-time": True, "x-max-bytes": 26}, Kind.TIME, None),
        ({"type": "string", "format": "date"}, Kind.DATE, None),
        ({"type": "string", "format": "ipv4"}, Kind.TEXT, 65_535),
        ({"type": "integer"}, Kind.INTEGER, None),
        ({"type": "number"}, Kind.NUMBER, None),
        ({"type": ["integer", "number", "null"]}, Kind.NUMBER, None),
        ({"type": "boolean"}, Kind.BOOLEAN, None),
        ({"enum": ["a", "b", None]}, Kind.TEXT, 65_535),
        ({"const": 4}, Kind.INTEGER, None),
        ({"type": "null"}, Kind.TEXT, 65_535),
        ({"type": ["string", "integer"]}, Kind.JSON, 65_535),
        ({"type": "object"}, Kind.JSON, 65_535),
        ({"type": "array", "items": TEXT}, Kind.JSON, 65_535),
        ({}, Kind.ANY, 65_535),
        ({"description": "Only null was seen."}, Kind.ANY, 65_535),
        ({"properties": {"a": TEXT}}, Kind.JSON, 65_535),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, Kind.INTEGER, None),
        ({"$ref": "#/$defs/when"}, Kind.TIME, None),
    ],
)
def test_the_type_of_a_column_is_that_of_the_field(schema: dict[str, Any], kind: Kind, most: int | None) -> None:
    """An analyst finds numbers in columns of numbers and times in columns of times, however the contract says so."""
    found = columns({"f": schema}, (), **{"$defs": {"when": {"type": "string", "format": "date-time"}}})["f"]
    assert (found.kind, found.max_bytes) == (kind, most)


@pytest.mark.parametrize(
    ("schema", "required", "not_null"),
    [
        (TEXT, ("f",), True),
        (TEXT, (), False),
        ({"type": ["string", "null"]}, ("f",), False),
        ({"anyOf": [TEXT, {"type": "null"}]}, ("f",), False),
        ({"enum": ["a", None]}, ("f",), False),
        ({}, ("f",), False),
    ],
)
def test_a_column_may_be_null_where_the_field_may_be_missing_or_null(
    schema: dict[str, Any], required: tuple[str, ...], not_null: bool
) -> None:
    """NOT NULL is promised only by a contract whose every record has a value there."""
    assert columns({"f": schema}, required)["f"].not_null is not_null


def test_the_contract_names_columns_and_leaves_fields_out() -> None:
    """`x-column` renames, takes a part of a nested value out into a column of its own, or wants none."""
    page = {"type": "object", "required": ["url"], "properties": {"url": TEXT | {"x-column": True}, "title": TEXT}}
    sender = {"type": "object", "properties": {"os": TEXT | {"x-column": "system"}}, "x-column": False}
    found = columns({"page": page, "sender": sender, "secret": TEXT | {"x-column": False}}, ("page",))
    assert list(found) == ["page", "page_url", "system"]
    assert found["page"].kind is Kind.JSON
    assert (found["page_url"].path, found["page_url"].not_null) == (("page", "url"), True)
    assert (found["system"].path, found["system"].not_null) == (("sender", "os"), False)


def test_a_column_is_named_at_the_place_that_refers() -> None:
    """One definition used by two fields can have two columns."""
    found = columns(
        {"a": {"$ref": "#/$defs/t", "x-column": "b"}, "c": {"$ref": "#/$defs/t"}}, (), **{"$defs": {"t": TEXT}}
    )
    assert list(found) == ["b", "c"]


def test_names_need_no_quotes_and_stand_once() -> None:
    """Whatever fields are called, a query can be typed without quotes, and none of our own columns is overwritten."""
    properties = dict.fromkeys(["messageId", "message_id", "visitorUUID", "Größe cm", "4th", "_arrived", ""], TEXT)
    assert list(columns(properties)) == [
        "message_id", "message_id_2", "visitor_uuid", "gr_e_cm", "_4th", "_arrived_2", "_",
    ]  # fmt: skip


def test_all_of_a_contract_counts() -> None:
    """Fields that `allOf` adds are columns, too."""
    found = columns({"a": TEXT}, allOf=[{"properties": {"b": TEXT}, "required": ["a"]}])
    assert list(found) == ["a", "b"]
    assert found["a"].not_null


def test_subjects_that_share_a_table_have_their_common_columns_and_the_record() -> None:
    """A table of all Segment events has what all of them have, wide enough for each, and the whole event as JSON."""
    shared = stream("{type}/{event|name}", "tracking.segment", id="messageId")
    own = {"messageId": TEXT, "type": TEXT}
    contracts = {
        "page/Home": contract("page/Home", own | {"at": TEXT | {"x-max-bytes": 10}, "n": TEXT}, ("messageId", "at")),
        "identify": contract("identify", own | {"at": TEXT | {"x-max-bytes": 20}, "n": {"type": "integer"}}, ("at",)),
    }
    found = tables_of(shared, contracts)
    table = found["page/Home"]
    assert found == dict.fromkeys(contracts, table)
    assert names(table) == ["message_id", "type", "at", "data", "_shard", "_sequence", "_arrived"]
    message_id, _, at, data, *_ = table.columns
    assert (at.max_bytes, at.not_null, message_id.not_null) == (20, True, False)
    assert (data.kind, data.path, data.not_null) == (Kind.JSON, (), True)
    assert table.id == message_id


def test_events_have_the_columns_of_their_envelope() -> None:
    """What `run` publishes has its ids, its place and its times in columns, whatever the event."""
    one = {"event/new_process": contract("event/new_process", {"cmdl": TEXT}, ("cmdl",))}
    table = tables_of(EVENTS, one)["event/new_process"]
    envelope = ["event_id", "submission_id", "device_id", "sequence", "event_type", "processed_at", "time_created"]
    assert names(table) == [*envelope, "cmdl", "data", "_shard", "_sequence", "_arrived"]
    assert table.columns[7].path == ("event_data", "cmdl")
    assert table.id == table.columns[0]
    assert {"processed_at", "_arrived"}.isdisjoint(each.name for each in table.compared)


def test_another_envelope_has_the_columns_that_the_streams_file_names() -> None:
    """Of an envelope that no contract is about, the fields that say what a record is are columns."""
    other = stream("{kind}", "t.{kind}", at="/body", id="key", partition_key="key")
    table = tables_of(other, {"a": contract("a", {"kind": TEXT})})["a"]
    assert names(table) == ["key", "kind", "processed_at", "kind_2", "_shard", "_sequence", "_arrived"]


def test_a_table_for_each_subject() -> None:
    """With a template, subjects have tables of their own, by names that need no quotes."""
    own = stream("{type}/{event|name}", "segment.{type}/{event|name}")
    found = tables_of(
        own, {"page/Policy Type": contract_of_file("page%2FPolicy%20Type"), "other": contract("other", {})}
    )
    assert found["page/Policy Type"].name == "segment.page_policy_type"
    assert names(found["page/Policy Type"])[:4] == ["type", "name", "message_id", "anonymous_id"]
    assert tables_of(stream("a", "plain"), {"a": contract("a", {})})["a"].name == "public.plain"


def test_a_table_is_named_by_what_the_subject_says() -> None:
    """A table that takes parts which the subject does not have could not be made from contracts: told at the start."""
    with pytest.raises(
        SettingsError, match=r"streams.s.table: takes \{country\}; allowed: parts of contract '\{type\}'"
    ):
        tables_of(stream("{type}", "t.{country}"), {"a": contract("a", {})})


def test_the_id_is_a_column_though_the_contract_does_not_know_it() -> None:
    """Repeats are found by the id, so it is in the table, even if the contract lets it pass unnamed."""
    table = tables_of(stream("a", "t", id="requestId"), {"a": contract("a", {"b": TEXT})})["a"]
    assert table.id == Column("request_id", Kind.TEXT, False, 65_535, ("requestId",))
    assert table.id in table.columns


def test_a_stream_without_a_table_has_none() -> None:
    """Its records are in raw only; and contracts of other subjects make no tables."""
    assert tables_of(stream("a", None), {"a": contract("a", {})}) == {}
    assert tables_of(USER_EVENTS, {"a": contract("a", {})}) == {}
