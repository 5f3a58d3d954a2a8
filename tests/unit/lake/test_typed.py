"""Rows of the records of a stream: by the contracts of each, and what no contract names."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Judge
from event_processor.contracts.streams import Stream
from event_processor.lake.columns import Table
from event_processor.lake.ports import Row
from event_processor.lake.typed import StreamTyping
from tests.unit.lake.tabling import EVENTS, contract, stream

TEXT = {"type": "string"}
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Names:
    """Writes no files: the names of the columns, and how many rows."""

    def write(self, table: Table, lines: Sequence[bytes]) -> bytes:
        """As text."""
        return f"{[each.name for each in table.columns[:-3]]} {len(lines)}".encode()


def contracts(*counting: Contract) -> ContractSet:
    """A set of these."""
    return ContractSet(1, NOW, {each.subject: each for each in counting})


def row(typing: StreamTyping, of: Stream, value: Any, counting: ContractSet) -> Row:
    """The row of a record that is sound."""
    data = json.dumps(value).encode()
    accepted = Judge(of).judge(data, counting)
    assert isinstance(accepted, Accepted)
    found = typing.row("shard-0", StreamRecord("1", "k", NOW, data), accepted, counting)
    assert isinstance(found, Row)
    return found


def test_columns_are_those_of_the_contracts_that_count() -> None:
    """A range that was judged by the old contracts has the old columns, also when the new ones count already."""
    of = stream("a", "t")
    typing = StreamTyping(of, Names())
    old, new = contracts(contract("a", {"x": TEXT})), contracts(contract("a", {"x": TEXT, "y": TEXT}))
    rows = [row(typing, of, {"x": "1", "y": "2"}, old)]
    later = row(typing, of, {"x": "1", "y": "2"}, new)
    assert b'"1":"2"' in later.values
    assert typing.parquet("public.t", rows, old) == b"['x'] 1"
    assert typing.parquet("public.t", [later, later], new) == b"['x', 'y'] 2"


def test_fields_that_no_contract_names_are_counted() -> None:
    """What a sender added on its own is found, by name, and the record is in the table all the same."""
    of = stream("a", "t")
    typing, counting = StreamTyping(of, Names()), contracts(contract("a", {"x": TEXT, "hidden": {"x-column": False}}))
    for value in ({"x": "1"}, {"x": "1", "hidden": 2}, {"x": "1", "a/b": 2}, {"a/b": None, "z": 1}):
        row(typing, of, value, counting)
    assert typing.unplanned == {("a", "/a~1b"): 2, ("a", "/z"): 1}


def test_names_that_are_data_are_planned() -> None:
    """A contract with a rule for names of any kind expects them."""
    of = stream("a", "t")
    typing = StreamTyping(of, Names())
    for rule in ({"patternProperties": {"^x": TEXT}}, {"additionalProperties": {"type": "integer"}}):
        row(typing, of, {"y": 1}, contracts(contract("a", {}, (), **rule)))
    assert not typing.unplanned


def test_unplanned_fields_of_an_event_are_those_of_its_data() -> None:
    """The envelope is ours; the pointer leads into the record."""
    typing, counting = StreamTyping(EVENTS, Names()), contracts(contract("event/e", {"cmdl": TEXT}))
    ids = dict.fromkeys(("event_id", "submission_id", "device_id"), "8be01974-0f15-4d4f-809f-257a6de4d3f9")
    event = {**ids, "event_type": "e", "sequence": 0, "event_data": {"cmdl": "x", "pid": 4}}
    row(typing, EVENTS, event, counting)
    assert typing.unplanned == {("event/e", "/event_data/pid"): 1}


def test_a_sender_that_invents_names_costs_no_memory() -> None:
    """Only so many names are told apart."""
    of = stream("a", "t")
    typing, counting = StreamTyping(of, Names()), contracts(contract("a", {}))
    row(typing, of, {f"f{number}": number for number in range(1000)}, counting)
    assert len(typing.unplanned) == 100
