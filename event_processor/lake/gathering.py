"""Records of a shard become ranges: judged one by one, in order, and gathered as long as one file may hold them."""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from event_processor.consuming.records import LEAST_RECORD_BYTES, Batch, StreamRecord
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.finality import is_final
from event_processor.contracts.judge import Accepted, Judging, Refused
from event_processor.errors import SettingsError
from event_processor.lake.ports import LakeObserver, Row, Typing
from event_processor.rejects.of_records import reject_of
from event_processor.rejects.reject import Reject
from event_processor.verdict import Fault, Reason, Stage

_HOUR: Final = timedelta(hours=1)


@dataclass(slots=True)
class Range:
    """Records that go into the lake together: of one hour of arrival, judged by one set of contracts.

    `batches` are those that end in it: they are done when it is in the log.
    """

    stream: str
    shard: str
    contracts: ContractSet
    since: datetime
    opened_at: float
    records: list[StreamRecord] = field(default_factory=list)
    sound: list[bool] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    size_bytes: int = 0

    def takes(self, record: StreamRecord, contracts: ContractSet) -> bool:
        """Whether a record may go into it that was judged by these contracts."""
        return self.since <= record.arrived < self.since + _HOUR and self.contracts.epoch == contracts.epoch

    @property
    def oldest(self) -> datetime:
        """When the first of its records to arrive did so."""
        return min(record.arrived for record in self.records)

    @property
    def newest(self) -> datetime:
        """When the last of its records to arrive did so, which need not be the last of them."""
        return max(record.arrived for record in self.records)


@dataclass(slots=True)
class _Waiting:
    """A batch of which the records from `at` on are not judged yet. We had it in hand at `received_at`."""

    batch: Batch
    received_at: datetime
    records: Sequence[StreamRecord]
    at: int = 0


class Gathering:
    """The open ranges of one stream, at most one a shard, and the batches that wait for a verdict. No I/O."""

    def __init__(self, stream: str, judge: Judging, typing: Typing | None, observer: LakeObserver) -> None:
        self._stream, self._judge, self._typing, self._observer = stream, judge, typing, observer
        self._open: dict[str, Range] = {}
        self._waiting: dict[str, deque[_Waiting]] = {}
        self._held_by: dict[str, ContractSet] = {}

    @property
    def is_held(self) -> bool:
        """Whether a reject waits that is final only when the registry has been read."""
        return bool(self._held_by)

    @property
    def open(self) -> Sequence[Range]:
        """The open ranges."""
        return list(self._open.values())

    @property
    def unjudged(self) -> int:
        """How many records wait for their verdict."""
        return sum(len(each.records) - each.at for queue in self._waiting.values() for each in queue)

    def take(self, batch: Batch, records: Sequence[StreamRecord], received_at: datetime) -> None:
        """These records of a batch, in order, behind those of its shard that wait already."""
        self._waiting.setdefault(batch.shard, deque()).append(_Waiting(batch, received_at, records))

    def gather(self, contracts: ContractSet, now: datetime, at: float) -> Iterator[Range]:
        """Judge what waits, as far as verdicts are final. Yields the ranges that are full of their kind.

        Raises SettingsError if the contracts contradict each other about a table: all waits until that is fixed.
        """
        for shard, queue in list(self._waiting.items()):
            if self._held_by.get(shard) is contracts:
                continue
            self._held_by.pop(shard, None)
            while queue and (yield from self._through(queue[0], contracts, now, at)):
                queue.popleft()
            if not queue:
                del self._waiting[shard]

    def close(self, shard: str) -> Range:
        """The open range of a shard, which takes no more."""
        return self._open.pop(shard)

    def _through(
        self, waiting: _Waiting, contracts: ContractSet, now: datetime, at: float
    ) -> Generator[Range, None, bool]:
        """Returns whether all of the batch is in ranges now."""
        shard, records = waiting.batch.shard, waiting.records
        waiting.received_at = min(waiting.received_at, now)  # else all waited for as long as the clock was set back
        range_ = self._open.get(shard)
        while waiting.at < len(records):
            record = records[waiting.at]
            verdict = self._verdict(shard, record, contracts)
            if isinstance(verdict, Refused) and not is_final(
                record.arrived, verdict, contracts, waiting.received_at, now
            ):
                self._held_by[shard] = contracts
                return False
            if range_ is None or not range_.takes(record, contracts):
                if range_ is not None:
                    yield self.close(shard)
                range_ = self._open[shard] = self._range(shard, record, contracts, at)
            _add(range_, record, verdict, waiting.received_at)
            waiting.at += 1
        if range_ is not None:
            range_.batches.append(waiting.batch)
        return True

    def _range(self, shard: str, record: StreamRecord, contracts: ContractSet, at: float) -> Range:
        since = record.arrived.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Range(self._stream, shard, contracts, since, at)

    def _verdict(self, shard: str, record: StreamRecord, contracts: ContractSet) -> Row | Accepted | Refused:
        try:
            verdict = self._judge.judge(record.data, contracts)
            if isinstance(verdict, Refused) or self._typing is None:
                return verdict
            return self._typing.row(shard, record, verdict, contracts)
        except SettingsError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the record is kept, and those behind it go on
            self._observer.broken(error)
            fault = Fault(Reason.INVALID, "", "judging it met a bug of ours")
            return Refused(Stage.CONTRACT, (fault,))


def _add(range_: Range, record: StreamRecord, verdict: Row | Accepted | Refused, received_at: datetime) -> None:
    range_.records.append(record)
    range_.size_bytes += max(len(record.data), LEAST_RECORD_BYTES)  # as the reader counts what is in hand
    if isinstance(verdict, Refused):
        range_.sound.append(False)
        range_.rejects.append(reject_of(verdict, range_.stream, range_.shard, record, received_at))
        return
    range_.sound.append(True)
    if isinstance(verdict, Row):
        range_.rows.setdefault(verdict.table, []).append(verdict)
