"""A range into the lake: its files first, then its entry in the log, which makes them part of it."""

import gzip
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import starmap
from threading import Lock
from typing import Final

from event_processor.clock import Clock
from event_processor.contracts.contract_set import ContractSet
from event_processor.errors import Superseded
from event_processor.lake.gathering import Range
from event_processor.lake.judging_again import written_out
from event_processor.lake.layout import Span, contracts_name, raw_name, rejects_name, swept_name, typed_name
from event_processor.lake.log import RangeLog
from event_processor.lake.ports import Files, Typing
from event_processor.lake.ranges import Kind, LakeFile, LogEntry, Tally, digest
from event_processor.lake.raw import line_of

_LEVEL: Final = 1  # of gzip: half the CPU of level 6, and files that are a seventh larger (measured)

_MAKING: Final = Lock()  # of files, one range at a time in the process: each takes some times its size in memory


@dataclass(slots=True)
class Closed:
    """A range on its way into the lake. `draft` and `contents` are made once, so that each try writes the same."""

    range_: Range
    draft: LogEntry | None = None
    contents: dict[str, bytes] = field(default_factory=dict)


class Storing:
    """Of one stream, on the threads of `crew`: any number of ranges at a time, but one of each shard."""

    def __init__(
        self,
        files: Files,
        log: RangeLog,
        typing: Typing | None,
        crew: Executor,
        clock: Clock,
        tallying: Callable[[Range, Mapping[str, bytes]], tuple[Tally, ...]] = lambda *_: (),
    ) -> None:
        """`tallying` counts a range, given its typed files by table, for the metrics."""
        self.log, self._tallying = log, tallying
        self._files, self._typing, self._crew, self._clock = files, typing, crew, clock
        self._judged_by: set[int] = set()

    def start(self, closed: Closed) -> "Future[LogEntry]":
        """Store it. Its result raises CallFailed, for it to be started again, and Superseded."""
        return self._crew.submit(self._store, closed)

    def _store(self, closed: Closed) -> LogEntry:
        if closed.draft is None:
            with _MAKING:
                files = list(self._made(closed.range_))
                counted = self._tallying(closed.range_, {file.table: made for file, made in files if file.table})
            closed.contents = {file.name: content for file, content in files}
            closed.draft = self._draft(closed.range_, tuple(file for file, _ in files), counted)
            closed.range_.rows.clear()
        self._keep_contracts(closed.range_.contracts)
        for name, content in closed.contents.items():
            self._files.put(name, content)
        try:
            return self.log.append(closed.draft)
        except Superseded:  # whoever is next has swept perhaps before these came
            for name in closed.contents:
                self._files.move(name, swept_name(name, self._clock.now()))
            raise

    def _keep_contracts(self, contracts: ContractSet) -> None:
        """So that raw can be judged again as it was, whatever becomes of the registry."""
        if contracts.epoch not in self._judged_by:
            self._files.put_new(contracts_name(contracts.epoch), written_out(contracts))
            self._judged_by.add(contracts.epoch)

    def _draft(self, range_: Range, files: tuple[LakeFile, ...], counted: tuple[Tally, ...]) -> LogEntry:
        records = range_.records
        return LogEntry(
            stream=range_.stream,
            shard=range_.shard,
            number=0,
            delivery=self.log.epoch,
            written=self._clock.now(),
            predecessor=None,
            last=records[-1].sequence,
            first=records[0].sequence,
            arrived_first=range_.oldest,
            arrived_last=range_.newest,
            until=range_.newest,
            contracts=range_.contracts.epoch,
            records=len(records),
            rows=len(records) - len(range_.rejects),
            rejects=len(range_.rejects),
            files=files,
            tallies=counted,
        )

    def _made(self, range_: Range) -> Iterator[tuple[LakeFile, bytes]]:
        first, last = range_.records[0].sequence, range_.records[-1].sequence
        span = Span(range_.stream, range_.shard, first, last, self.log.epoch)
        content = _packed(b"".join(starmap(line_of, zip(range_.records, range_.sound, strict=True))))
        yield _file(raw_name(span, range_.since), "raw", content, len(range_.records)), content
        if self._typing is not None:
            for table, rows in range_.rows.items():
                content = self._typing.parquet(table, rows, range_.contracts)
                yield _file(typed_name(table, span, range_.since), "typed", content, len(rows), table), content
        if range_.rejects:
            content = _packed(b"".join(f"{reject.to_json()}\n".encode() for reject in range_.rejects))
            yield _file(rejects_name(span, range_.since), "rejects", content, len(range_.rejects)), content


def _packed(lines: bytes) -> bytes:
    return gzip.compress(lines, _LEVEL, mtime=0)


def _file(name: str, kind: Kind, content: bytes, rows: int, table: str | None = None) -> LakeFile:
    return LakeFile(name, kind, digest(content), len(content), rows, table)
