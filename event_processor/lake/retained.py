"""What a stream still retains, held against the raw files of the lake, sequence number by sequence number."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from event_processor.consuming.ports import StreamSource
from event_processor.consuming.records import StreamRecord
from event_processor.errors import CallFailed, IteratorExpired, ReadThrottled, ShardGone
from event_processor.lake.findings import Chain, Finding, records_in
from event_processor.lake.ports import Files
from event_processor.lake.revisions import ABSENT, Revisions
from event_processor.lake.verifying import Found

_LIMIT: Final = 10_000
_PAUSE_SECONDS: Final = 0.25
"""Between two reads: half of what a shard gives is left to others."""


def compare_with_stream(
    files: Files,
    source: StreamSource,
    found: Found,
    tell: Callable[[Finding], None],
    step: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """How many records of the stream were compared; those behind the tip that was verified are not. Raises CallFailed.

    The stream's oldest record must be no older than the first that the lake has, where delivery did not begin with it:
    what the stream has before that is none of the lake's.
    """
    there = {shard.shard_id for shard in source.shards()}
    count = 0
    for name, chain in found.shards.items():
        if name in there and chain.first is not None:
            count += _Comparison(files, source, chain, tell, step, sleep).run()
    return count


class _Comparison:
    """Of one shard: both sides in the order of their numbers, one page and one range in memory."""

    def __init__(
        self,
        files: Files,
        source: StreamSource,
        chain: Chain,
        tell: Callable[[Finding], None],
        step: Callable[[], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._files, self._source, self._chain = files, source, chain
        self._tell, self._step, self._sleep = tell, step, sleep
        self._place = f"{chain.stream}/{chain.shard}"
        self._tip = int((chain.newest and chain.newest.last) or 0)

    def run(self) -> int:
        count, lake, ours = 0, None, None
        for record in self._retained():
            number = int(record.sequence)
            if lake is None:
                lake = self._raw(number)
                ours = next(lake, None)
            count += 1
            self._step()
            while ours is not None and int(ours.sequence) < number:
                self._tell(Finding("not_on_stream", f"{self._place}/{ours.sequence}", "the stream never had it"))
                ours = next(lake, None)
            if ours is None or int(ours.sequence) != number:
                self._tell(Finding("not_in_lake", f"{self._place}/{number}", "the stream has it, and no raw file"))
                continue
            if (ours.data, ours.key) != (record.data, record.key):
                self._tell(Finding("altered", f"{self._place}/{number}", "raw has another payload or key"))
            ours = next(lake, None)
        return count

    def _retained(self) -> Iterator[StreamRecord]:
        """From the first that the lake has, or the oldest there is, to the tip."""
        first, last = int(self._chain.first or 0), None
        try:
            iterator: str | None = self._source.iterator(self._chain.shard, None, None)
            while iterator is not None:
                try:
                    page = self._source.read(iterator, _LIMIT)
                except ReadThrottled:
                    self._sleep(_PAUSE_SECONDS)
                    continue
                except IteratorExpired:
                    iterator = self._source.iterator(self._chain.shard, last, None)
                    continue
                for record in page.records:
                    last = record.sequence
                    if int(last) > self._tip:
                        return
                    if int(last) >= first:
                        yield record
                if (last is not None and int(last) == self._tip) or (not page.records and not page.behind_milliseconds):
                    return
                iterator = page.iterator
                self._sleep(_PAUSE_SECONDS)
        except ShardGone:
            return

    def _raw(self, since: int) -> Iterator[StreamRecord]:
        newest = self._chain.newest.number if self._chain.newest else 0
        revisions = Revisions(self._files, self._chain.stream, self._chain.shard, newest)
        for number in range(1, newest + 1):
            yield from (record for record in self._records(revisions, number, since) if int(record.sequence) >= since)

    def _records(self, revisions: Revisions, number: int, since: int) -> Sequence[StreamRecord]:
        """None of what cannot be read: that is told by who has read log and files."""
        try:
            entry = revisions.entry(number)
            is_wanted = entry.first is not None and int(entry.last or 0) >= since
            return records_in(revisions.raw(entry)) if is_wanted else ()
        except ValueError:
            return ()
        except CallFailed as failure:
            if failure.code not in {ABSENT, "NoEntry"}:
                raise
            return ()
