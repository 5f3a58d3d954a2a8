"""One batch of records of a shard, for whoever is handed it and only has to answer, as a Lambda function is.

The same verdicts and the same rejects as in `inspector`, without threads and checkpoints: the registry is read when
that is due, and once more if a reject depends on it. The answer is how many records are finished, from the first on;
those behind come again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from event_processor.clock import Clock
from event_processor.consuming.records import StreamRecord
from event_processor.contracts.watcher import Watcher
from event_processor.errors import CallFailed
from event_processor.inspection.ports import InspectionObserver
from event_processor.inspection.told import Teller
from event_processor.inspection.verdicts import Bench, Verdicts
from event_processor.rejects.of_records import reject_of
from event_processor.rejects.ports import RejectStore
from event_processor.telling import attempt


@dataclass(frozen=True, slots=True)
class Means:
    """What every batch is worked on with. `rejects` is asked for when there is one to store; raises CallFailed."""

    bench: Bench
    watcher: Watcher
    rejects: Callable[[], RejectStore]
    teller: Teller
    clock: Clock
    observer: InspectionObserver
    stream: str


def inspected(means: Means, shard: str, records: Sequence[StreamRecord], deadline: float) -> int:
    """How many of the records are finished, by this time of the clock: judged, and their rejects stored."""
    now = means.clock.now()
    means.watcher.refresh_if_due()
    verdicts = means.bench.judge(records, means.watcher.current, now)
    if verdicts.open and means.clock.monotonic() < deadline:
        means.watcher.refresh()
        verdicts.accepted.update(means.bench.judge_again(verdicts, means.watcher.current, now, means.clock.now()))
    finished = _finished(means, shard, records, verdicts, now, deadline)
    if finished < len(records):  # what comes again is counted then
        verdicts = means.bench.judge(records[:finished], means.watcher.current, now)
    oldest = min((record.arrived for record in records), default=now)
    means.observer.judged(verdicts.accepted, max(0.0, (now - oldest).total_seconds()))
    return finished


def _finished(
    means: Means, shard: str, records: Sequence[StreamRecord], verdicts: Verdicts, now: datetime, deadline: float
) -> int:
    finished, final = len(records), []
    for refusal in verdicts.refusals:
        if not refusal.is_final:
            finished = records.index(refusal.record)
            break
        final.append(refusal)
    rejects = [reject_of(refusal.refused, means.stream, shard, refusal.record, now) for refusal in final]
    if rejects:
        if means.clock.monotonic() >= deadline:
            return records.index(final[0].record)
        without_original = attempt(means.observer, "store", lambda: means.rejects().store(rejects))
        if isinstance(without_original, CallFailed):
            return records.index(final[0].record)
        means.teller.tell(rejects, without_original, means.watcher.current.contracts)
    return finished
