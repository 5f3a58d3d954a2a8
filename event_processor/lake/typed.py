"""Rows of the records of one stream, and files of them: see `ports.Typing`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Refused
from event_processor.contracts.schema import ANY
from event_processor.contracts.streams import Stream
from event_processor.json_document import escaped
from event_processor.lake.columns import Table, tables_of
from event_processor.lake.ports import LakeObserver, Row, Typing
from event_processor.lake.values import Rows
from event_processor.telling import FanOut

_MOST_UNPLANNED: Final = 100
"""Fields that are told apart between two looks: a sender can invent any number."""


class Writer(Protocol):
    """Makes files. Raises CallFailed."""

    def write(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> bytes:
        """A file of Parquet with the rows that `values` made."""
        ...


class StreamTyping(Typing):
    """See Typing. For a stream that has a table.

    Fields that no contract names are told with each file: their record is in its table without them, and in raw with
    them.
    """

    def __init__(self, stream: Stream, writer: Writer, observer: LakeObserver) -> None:
        self._stream, self._writer = stream, writer
        self._observer: LakeObserver = FanOut(observer)
        self._at = [step.replace("~1", "/").replace("~0", "~") for step in stream.at.split("/")[1:]]
        self._contracts: Mapping[str, Contract] | None = None
        self._tables: dict[str, Table] = {}
        self._rows: dict[str, Rows] = {}
        self._planned: dict[str, Mapping[str | None, object]] = {}
        self._unplanned: Counter[tuple[str, str]] = Counter()

    def row(self, shard: str, record: StreamRecord, accepted: Accepted, contracts: ContractSet) -> Row | Refused:
        """See Typing."""
        self._renew(contracts)
        table = self._tables[accepted.subject]
        values = self._rows[table.name].row(shard, record, accepted)
        self._look_for_unplanned(accepted)
        return values if isinstance(values, Refused) else Row(table.name, values)

    def parquet(self, table: str, rows: Sequence[Row], contracts: ContractSet) -> bytes:
        """See Typing."""
        self._tell_unplanned()
        named = {each.name: each for each in tables_of(self._stream, contracts.contracts).values()}
        return self._writer.write(named[table], [row.values for row in rows])

    def _tell_unplanned(self) -> None:
        """Another thread may count on meanwhile."""
        counted, self._unplanned = self._unplanned, Counter()
        for (subject, pointer), values in list(counted.items()):
            self._observer.unplanned(self._stream.name, subject, pointer, values)

    def _renew(self, contracts: ContractSet) -> None:
        if self._contracts is not contracts.contracts:
            self._contracts = contracts.contracts
            self._tables = tables_of(self._stream, contracts.contracts)
            self._rows = {table.name: Rows(table) for table in self._tables.values()}
            self._planned = {subject: contracts.contracts[subject].places.below for subject in self._tables}

    def _look_for_unplanned(self, accepted: Accepted) -> None:
        planned = self._planned[accepted.subject]
        part = accepted.value
        for step in self._at:
            part = part[step]
        if ANY in planned or part.keys() <= planned.keys():
            return
        for name in part.keys() - planned.keys():
            key = accepted.subject, f"{self._stream.at}/{escaped(name)}"
            if key in self._unplanned or len(self._unplanned) < _MOST_UNPLANNED:
                self._unplanned[key] += 1
