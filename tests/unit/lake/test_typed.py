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
from event_processor.lake.columns import Table, tables_of
from event_processor.lake.ports import Row
from event_processor.lake.typed import StreamTyping
from event_processor.telling import FanOut
from tests.unit.lake.tabling import EVENTS, contract, stream

TEXT = {"type": "string"}
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Names:
    """Writes no files: the names of the columns, and how many rows."""

    def write(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> bytes:
        """As text."""
        return f"{[each.name for each in table.columns[:-3]]} {len(rows)}".encode()


class Told:
    """Hears of unplanned fields."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], int] = {}

    def unplanned(self, stream: str, subject: str, pointer: str, values: int) -> None:
        """Counted."""
        assert stream
        self.found[subject, pointer] = self.found.get((subject, pointer), 0) + values


def typing_of(of: Stream, told: Told | None = None) -> StreamTyping:
    """One whose files are names."""
    return StreamTyping(of, Names(), FanOut(told or Told()))


def told_of(typing: StreamTyping, told: Told, counting: ContractSet) -> dict[tuple[str, str], int]:
    """What is known when the next file is made."""
    name = next(iter(tables_of(typing._stream, counting.contracts).values())).name
    typing.parquet(name, [], counting)
    return told.found


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
    typing = typing_of(of)
    old, new = contracts(contract("a", {"x": TEXT})), contracts(contract("a", {"x": TEXT, "y": TEXT}))
    rows = [row(typing, of, {"x": "1", "y": "2"}, old)]
    later = row(typing, of, {"x": "1", "y": "2"}, new)
    assert later.values[:2] == ("1", "2")
    assert typing.parquet("public.t", rows, old) == b"['x'] 1"
    assert typing.parquet("public.t", [later, later], new) == b"['x', 'y'] 2"


def test_fields_that_no_contract_names_are_counted() -> None:
    """What a sender added on its own is found, by name, and the record is in the table all the same."""
    of = stream("a", "t")
    told, counting = Told(), contracts(contract("a", {"x": TEXT, "hidden": {"x-column": False}}))
    typing = typing_of(of, told)
    for value in ({"x": "1"}, {"x": "1", "hidden": 2}, {"x": "1", "a/b": 2}, {"a/b": None, "z": 1}):
        row(typing, of, value, counting)
    assert told_of(typing, told, counting) == {("a", "/a~1b"): 2, ("a", "/z"): 1}
    row(typing, of, {"z": 2}, counting)
    assert told_of(typing, told, counting) == {("a", "/a~1b"): 2, ("a", "/z"): 2}


def test_names_that_are_data_are_planned() -> None:
    """A contract with a rule for names of any kind expects them."""
    of = stream("a", "t")
    told = Told()
    typing = typing_of(of, told)
    for rule in ({"patternProperties": {"^x": TEXT}}, {"additionalProperties": {"type": "integer"}}):
        counting = contracts(contract("a", {}, (), **rule))
        row(typing, of, {"y": 1}, counting)
        assert told_of(typing, told, counting) == {}


def test_unplanned_fields_of_an_event_are_those_of_its_data() -> None:
    """The envelope is ours; the pointer leads into the record."""
    told, counting = Told(), contracts(contract("event/e", {"cmdl": TEXT}))
    typing = typing_of(EVENTS, told)
    ids = dict.fromkeys(("event_id", "submission_id", "device_id"), "8be01974-0f15-4d4f-809f-257a6de4d3f9")
    event = {**ids, "event_type": "e", "sequence": 0, "event_data": {"cmdl": "x", "pid": 4}}
    row(typing, EVENTS, event, counting)
    assert told_of(typing, told, counting) == {("event/e", "/event_data/pid"): 1}


def test_a_sender_that_invents_names_costs_no_memory() -> None:
    """Only so many names are told apart."""
    of = stream("a", "t")
    told, counting = Told(), contracts(contract("a", {}))
    typing = typing_of(of, told)
    row(typing, of, {f"f{number}": number for number in range(1000)}, counting)
    assert len(told_of(typing, told, counting)) == 100
