"""Raw records judged once more, by the contracts that their range was judged by. Pure, but for the writer's files.

The lake has these contracts itself: raw can be judged again as it was, whatever becomes of the registry.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judging, Refused
from event_processor.errors import InvalidContract
from event_processor.lake.ports import Row, Typing
from event_processor.lake.ranges import LakeFile, LogEntry, digest

REBUILT = "rebuilt/"
"""Below it are files for the time of a rebuild."""


def written_out(contracts: ContractSet) -> bytes:
    """As the lake keeps them: the text of each by its subject."""
    return json.dumps({subject: each.text for subject, each in sorted(contracts.contracts.items())}).encode()


def read_contracts(content: bytes, epoch: int, read_at: datetime) -> ContractSet:
    """The same again. Raises ValueError."""
    try:
        texts = json.loads(content)
        return ContractSet(epoch, read_at, {subject: Contract.read(text.encode()) for subject, text in texts.items()})
    except (InvalidContract, AttributeError) as error:
        raise ValueError(f"no contracts of a lake: {error}") from None


class Rejudged(NamedTuple):
    """A range as it is by these contracts: an entry for the load with files of its rows, and how many were refused."""

    entry: LogEntry
    contents: dict[str, bytes]
    rows: int
    rejects: int


def rejudged(
    entry: LogEntry, records: Sequence[StreamRecord], judge: Judging, typing: Typing, contracts: ContractSet
) -> Rejudged:
    """Made of the raw records of a range."""
    rows: dict[str, list[Row]] = {}
    for record in records:
        verdict = judge.judge(record.data, contracts)
        row = verdict if isinstance(verdict, Refused) else typing.row(entry.shard, record, verdict, contracts)
        if isinstance(row, Row):
            rows.setdefault(row.table, []).append(row)
    raw = [file for file in entry.files if file.kind == "raw"]
    files, contents = list(raw), {}
    for table, these in rows.items():
        name, content = _name(entry, table), typing.parquet(table, these, contracts)
        contents[name] = content
        files.append(LakeFile(name, "typed", digest(content), len(content), len(these), table))
    count = sum(map(len, rows.values()))
    return Rejudged(replace(entry, files=tuple(files)), contents, count, len(records) - count)


def _name(entry: LogEntry, table: str) -> str:
    return f"{REBUILT}{entry.stream}/{entry.shard}/{entry.number:012}/{table}.parquet"
