"""Records as rows, and what does not fit the columns of their table."""

import json
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Judge, Refused
from event_processor.contracts.streams import Stream
from event_processor.lake.columns import Kind, tables_of
from event_processor.lake.values import Rows
from event_processor.verdict import Fault, Reason, Stage
from tests.unit.lake.tabling import EVENTS, FIXTURES, USER_EVENTS, USER_UTM, contract, contract_of_file, stream

ARRIVED = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TEXT = {"type": "string"}


def row_of(of: Stream, data: bytes | Any, *contracts: Contract) -> dict[str, Any] | Refused:
    """The row of a record that its contract accepts, by the names of the columns."""
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    counting = {each.subject: each for each in contracts}
    accepted = Judge(of).judge(data, ContractSet(1, ARRIVED, counting))
    assert isinstance(accepted, Accepted)
    table = tables_of(of, counting)[accepted.subject]
    row = Rows(table).row("shard-0", StreamRecord("12", "key", ARRIVED, data), accepted)
    if isinstance(row, Refused):
        return row
    pairs = zip(table.columns, row, strict=True)
    return {each.name: _told(each.kind, value) for each, value in pairs if value is not None}


def _told(kind: Kind, value: Any) -> Any:
    """Times and dates as they are read, and texts as texts."""
    if kind is Kind.TIME:
        return (datetime(1970, 1, 1) + timedelta(microseconds=value)).isoformat()  # noqa: DTZ001 - as it is stored
    if kind is Kind.DATE:
        return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
    return value.decode() if isinstance(value, bytes) else value


def faults_of(schema: dict[str, Any], value: Any) -> list[Fault]:
    """What does not fit the column of a field with this schema."""
    found = row_of(stream("a", "web.visits"), {"f": value}, contract("a", {"f": schema}))
    return list(found.faults) if isinstance(found, Refused) else []


@pytest.mark.parametrize("of", [USER_EVENTS, USER_UTM])
def test_the_samples_load_as_they_are(of: Stream) -> None:
    """What senders send today is in the table, the odd form of its time included."""
    sample = json.loads((FIXTURES / f"{of.name}.json").read_text())["Data"]
    row = row_of(of, sample, contract_of_file(of.name))
    assert isinstance(row, dict)
    own = {"_shard": "shard-0", "_sequence": "12", "_arrived": "2026-01-02T03:04:05.678901"}
    told = {name: value for name, value in sample.items() if value is not None} | own
    assert row == told | ({"request_timestamp": "2020-06-01T00:00:24"} if of is USER_EVENTS else {})


@pytest.mark.parametrize(
    ("schema", "value", "stored"),
    [
        ({"type": "string", "format": "date-time"}, "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678000"),
        ({"type": "string", "format": "date-time"}, "2026-01-02t03:04:05z", "2026-01-02T03:04:05"),
        ({"type": "string", "format": "date-time"}, "2026-01-02T00:30:00+02:00", "2026-01-01T22:30:00"),
        ({"type": "string", "x-time": True}, "2020-06-01 00:00:24.000000", "2020-06-01T00:00:24"),
        ({"type": "string", "format": "date"}, "2026-01-02", "2026-01-02"),
        ({"type": "integer"}, 4.0, 4),
        ({"type": "integer"}, -(2**63), -(2**63)),
        ({"type": "number"}, 4, 4.0),
        ({"type": "boolean"}, False, False),
        (TEXT, "ü", "ü"),
        ({"type": "object"}, {"a": [1, "ü"]}, '{"a":[1,"ü"]}'),
        ({"type": "array"}, [2**70], "[1180591620717411303424]"),
        ({}, "text", "text"),
    ],
)
def test_values_are_stored_as_their_columns_ask(schema: dict[str, Any], value: Any, stored: Any) -> None:
    """Times are UTC, whole numbers integers, and what is nested is JSON."""
    row = row_of(stream("a", "t"), {"f": value}, contract("a", {"f": schema}))
    assert isinstance(row, dict)
    assert row["f"] == stored
    assert type(row["f"]) is type(stored)


@pytest.mark.parametrize(
    ("schema", "value", "reason", "detail"),
    [
        ({"type": "string", "x-time": True}, "yesterday", Reason.NOT_A_TIME, "the value is not a time"),
        ({"type": "string", "x-time": True}, "2020-02-30 00:00:00", Reason.NOT_A_TIME, "the value is not a time"),
        ({"type": "string", "x-time": True}, "", Reason.NOT_A_TIME, "the value is not a time"),
        ({"type": "string", "x-time": True}, "0001-01-01T00:00:00+10:00", Reason.NOT_A_TIME, "the value is not a time"),
        (
            {"type": "string", "format": "date-time"},
            "2016-12-31T23:59:60Z",
            Reason.NOT_A_TIME,
            "the value is not a time",
        ),
        ({"type": "integer"}, 2**63, Reason.OUT_OF_RANGE, "more than 64 bits"),
        ({"type": "number"}, 10**400, Reason.OUT_OF_RANGE, "more than a double holds"),
        (TEXT, "ü" * 32_768, Reason.LENGTH, "65,536 bytes"),
        (TEXT, "a\0b", Reason.FORMAT, "U+0000 in a text"),
        ({"type": "array"}, ["x" * 65_532], Reason.LENGTH, "65,536 bytes"),
    ],
)
def test_what_does_not_fit_is_refused_with_table_and_column(
    schema: dict[str, Any], value: Any, reason: Reason, detail: str
) -> None:
    """The sender reads which column would not take it, and why; the warehouse never has to."""
    (fault,) = faults_of(schema, value)
    assert (fault.reason, fault.pointer, fault.detail) == (reason, "/f", f"web.visits.f: {detail}")
    assert fault.expected


def test_the_last_byte_fits() -> None:
    """The limit is the column's, in bytes of UTF-8."""
    assert faults_of(TEXT, "ü" * 32_767 + "a") == []


def test_all_that_does_not_fit_is_told_at_once() -> None:
    """A record is fixed once, not field by field; and a field that a shared column needs may be missing."""
    shared = stream("{type}", "t")
    one = contract("one", {"type": TEXT, "n": {"type": "integer"}, "at": TEXT | {"x-time": True}}, ("n",))
    found = row_of(shared, {"type": "one", "n": 2**64, "at": "?"}, one)
    assert isinstance(found, Refused)
    assert found.stage is Stage.LOAD
    assert [fault.detail.partition(":")[0] for fault in found.faults] == ["public.t.n", "public.t.at"]
    assert (found.subject, str(found.version)) == ("one", "1-0-0")


def test_a_missing_value_of_the_envelope_is_refused() -> None:
    """No contract is about the envelope, so its NOT NULL columns are checked here."""
    record = {"event_type": "new_process", "event_data": {"cmdl": "x"}}
    found = row_of(EVENTS, record, contract("event/new_process", {"cmdl": TEXT}))
    assert isinstance(found, Refused)
    missing = [fault.pointer for fault in found.faults if fault.reason is Reason.MISSING_FIELD]
    assert missing == ["/event_id", "/submission_id", "/device_id", "/sequence"]


def test_a_shared_table_has_the_whole_record_as_it_came() -> None:
    """Nothing of a record is lost because another subject of its table lacks the field."""
    data = b'{"type": "one", "more": {"a": 1.10}}'
    row = row_of(stream("{type}", "t"), data, contract("one", {"type": TEXT}))
    assert isinstance(row, dict)
    assert row["data"] == data.decode()
    long = json.dumps({"type": "one", "more": "x" * 65_535})
    found = row_of(stream("{type}", "t"), long.encode(), contract("one", {"type": TEXT}))
    assert isinstance(found, Refused)
    assert found.faults[0].detail.startswith("public.t.data: 65,")


def test_parts_of_a_nested_value_have_their_columns() -> None:
    """Also where a part on the way is missing, or is not an object."""
    nested = {"page": {"properties": {"url": TEXT | {"x-column": True}}}}
    urls = []
    for page in ({"url": "u"}, {}, 4):
        row = row_of(stream("a", "t"), {"page": page}, contract("a", nested))
        assert isinstance(row, dict)
        urls.append(row.get("page_url"))
    assert urls == ["u", None, None]


def test_a_row_takes_no_more_memory_than_its_values() -> None:
    """Rows wait until their range is full: JSON of a few bytes must not keep the buffer that it was written in."""
    contracts = {"a": contract("a", {"f": {"type": "object"}})}
    rows, record = Rows(tables_of(stream("a", "t"), contracts)["a"]), {"f": {"n": 1}}
    accepted = Accepted(contracts["a"], record)
    tracemalloc.start()
    kept = [rows.row("shard-0", StreamRecord("12", "key", ARRIVED, b"{}"), accepted) for _ in range(200)]
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / len(kept) < 1000
