"""Rejects that the live contracts pass become rows: an amendment in the log, and their lines out of `quality.rejects`.

For each range the order is: typed files, log entry, a note of what is moved, load. After a kill the next one goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from event_processor.clock import Clock
from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judge, Refused
from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed
from event_processor.lake.findings import open_reject_ids_in, records_in, rejected_in
from event_processor.lake.judging_again import written_out
from event_processor.lake.layout import Span, amended_name, contracts_name, entry_name, moved_name, note_of
from event_processor.lake.ports import Files, LoadOutcome, Row, Typing, Warehouse
from event_processor.lake.range_check import content_of
from event_processor.lake.ranges import Amendment, LakeFile, LogEntry, digest
from event_processor.lake.revisions import ABSENT, Revisions, revise

_AT_ONCE = 16


class Amended(NamedTuple):
    """Of how many ranges rejects were judged again, how many now pass, and what the table made of those."""

    ranges: int = 0
    rejects: int = 0
    moved: int = 0
    rows: int = 0
    repeats: int = 0
    conflicts: int = 0
    still_rejected: int = 0


class Amending:
    """For one lake and its warehouse, which is prepared for the live contracts. Raises CallFailed."""

    def __init__(
        self, files: Files, warehouse: Warehouse, live: ContractSet, typing: Callable[[Stream], Typing], clock: Clock
    ) -> None:
        self._files, self._warehouse, self._live, self._typing, self._clock = files, warehouse, live, typing, clock

    def stream(
        self, stream: Stream, shards: Mapping[str, int], since: datetime | None, step: Callable[[], None]
    ) -> Amended:
        """The rejects of ranges with records that arrived since then; `step` for each entry of the log."""
        total = Amended()
        for shard, newest in sorted(shards.items()):
            total = _sum(total, self._shard(stream, shard, newest, since, step))
        return total

    def _shard(
        self, stream: Stream, shard: str, newest: int, since: datetime | None, step: Callable[[], None]
    ) -> Amended:
        revisions, judge, typing = (
            Revisions(self._files, stream.name, shard, newest),
            Judge(stream),
            self._typing(stream),
        )
        self._files.put_new(contracts_name(self._live.epoch), written_out(self._live))
        total = Amended()
        for number in range(1, newest + 1):
            entry = revisions.entry(number)
            step()
            note_moved(self._files, entry, revisions)
            if entry.rejects and is_wanted(entry, since):
                total = _sum(total, self._amend(entry, newest, revisions, judge, typing))
        if total.moved:
            outcomes = self._load(stream.name, shard, revisions)
            total = total._replace(
                rows=sum(each.rows for each in outcomes),
                repeats=sum(each.repeats for each in outcomes),
                conflicts=sum(each.conflicts for each in outcomes),
            )
        return total

    def _amend(self, entry: LogEntry, newest: int, revisions: Revisions, judge: Judge, typing: Typing) -> Amended:
        records = self._open_rejects(entry, revisions)
        rows: dict[str, list[Row]] = {}
        moved = []
        for record in records:
            verdict = judge.judge(record.data, self._live)
            row = verdict if isinstance(verdict, Refused) else typing.row(entry.shard, record, verdict, self._live)
            if isinstance(row, Row):
                rows.setdefault(row.table, []).append(row)
                moved.append(record.sequence)
        if moved:
            self._write(entry, newest, moved, rows, typing, revisions)
        return Amended(1, len(records), len(moved), still_rejected=len(records) - len(moved))

    def _open_rejects(self, entry: LogEntry, revisions: Revisions) -> list[StreamRecord]:
        """Of a range, those that no amendment has moved; none if its files are gone: that is history."""
        try:
            rejected = {
                sequence
                for file in entry.files
                if file.kind == "rejects"
                for sequence in rejected_in(self._files.get(file.name), entry.shard)
            } - revisions.moved(entry.number)
            return [record for record in records_in(revisions.raw(entry)) if record.sequence in rejected]
        except CallFailed as failure:
            if failure.code != ABSENT:
                raise
            return []
        except ValueError as error:
            name = entry_name(entry.stream, entry.shard, entry.number)
            raise CallFailed("rebuild", "Damaged", f"{name}: {error}: event-processor lake verify") from error

    def _write(
        self, entry: LogEntry, newest: int, moved: Sequence[str], rows: Mapping[str, list[Row]], typing: Typing,
        revisions: Revisions,
    ) -> None:  # fmt: skip
        span, files = Span(entry.stream, entry.shard, moved[0], moved[-1], entry.delivery), []
        for table, these in rows.items():
            content = typing.parquet(table, these, self._live)
            name = amended_name(table, span, entry.arrived_first or entry.written, digest(content))
            self._files.put(name, content)
            files.append(LakeFile(name, "typed", digest(content), len(content), len(these), table))
        draft = replace(
            entry,
            number=newest,
            first=None,
            contracts=self._live.epoch,
            records=0,
            rows=0,
            rejects=0,
            files=tuple(files),
            opening=None,
            tallies=(),
            amendment=Amendment(entry.number, tuple(moved)),
        )
        made = revise(self._files, draft, revisions.newest, self._clock)
        if made.amendment == draft.amendment:
            revisions.add(made)
        note_moved(self._files, made, revisions)

    def _load(self, stream: str, shard: str, revisions: Revisions) -> Sequence[LoadOutcome]:
        """All of the shard that is not loaded yet, up to the newest amendment: a load leaves no gap behind it."""
        loaded = self._warehouse.loaded(stream).get(shard, 0)
        outcomes: list[LoadOutcome] = []
        entries = (revisions.entry(number) for number in range(loaded + 1, (revisions.newest or 0) + 1))
        wanted = (revisions.resolved(entry.for_load()) for entry in entries if entry.typed())
        while some := list(islice(wanted, _AT_ONCE)):
            found = self._warehouse.load(some)
            outcomes += [outcome for entry, outcome in zip(some, found, strict=True) if entry.amendment]
        return outcomes


def note_moved(files: Files, entry: LogEntry, revisions: Revisions) -> None:
    """Say of an amendment's rejects that they are none any more, to whoever lists, replays or loads rejects."""
    if entry.amendment is None:
        return
    of = revisions.entry(entry.amendment.of)
    moved, ids = set(entry.amendment.moved), []
    for file in of.files:
        if file.kind == "rejects" and (content := content_of(files, file.name)):
            ids += open_reject_ids_in(content, of.shard, set(rejected_in(content, of.shard)) - moved)
    if ids:
        files.put_new(moved_name(entry.stream, entry.shard, entry.number), note_of(ids))


def is_wanted(entry: LogEntry, since: datetime | None) -> bool:
    """Whether it is a range, or an amendment of one, with records that arrived since then."""
    is_one = entry.first is not None or entry.amendment is not None
    return is_one and (since is None or entry.arrived_last is None or entry.arrived_last >= since)


def _sum(left: Amended, right: Amended) -> Amended:
    return Amended(*(one + other for one, other in zip(left, right, strict=True)))
