"""The whole flow on one page: read, judge, store rejects, tell people, move the checkpoint.

    read    take the next batch of a shard off the stream
    judge   give each record its verdict, by the contracts that count now
    settle  for the batches whose verdicts are final, in their order: store the rejects, then tell people of them, and
            then only let the checkpoint of the shard move

A batch moves one way only:

    stream -> judged -> (waits for the registry to be read) -> rejects stored -> people told -> done -> checkpoint

and whatever goes wrong on the way, its checkpoint has not moved: nothing is lost by stopping, crashing or being killed,
because the checkpoint comes last. A record that is read once more gets the same verdict, and its reject the same id.
What waits is bounded by the reader, which hands out nothing more when too much is in hand.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Event
from typing import Final

from event_processor.clock import Clock
from event_processor.consuming.ports import Outcome, Reading
from event_processor.consuming.records import Batch
from event_processor.contracts.contract_set import Contracts
from event_processor.contracts.judge import Judging
from event_processor.errors import CallFailed
from event_processor.inspection.ports import InspectionObserver
from event_processor.inspection.told import Teller
from event_processor.inspection.verdicts import Bench, Verdicts
from event_processor.notices.ports import Notices
from event_processor.rejects.of_records import reject_of
from event_processor.rejects.ports import RejectStore
from event_processor.telling import FanOut, attempt

_WAIT_SECONDS: Final = 0.2  # for a batch; as often it is seen whether the registry was read meanwhile
_PAUSE_SECONDS: Final = 1.0  # after the store failed with all its retries
_MOST_FAULTS: Final = 50_000  # in hand, before another batch is taken: measured, 280 bytes each
_MOST_REJECTS: Final = 1000  # that are stored together: a lake makes a file of them


@dataclass(frozen=True, slots=True)
class Terms:
    """Which stream it is, how long a stop may take, and where people find the status page, if they can."""

    stream: str
    grace_seconds: float = 28.0
    status_url: str | None = None


@dataclass(slots=True)
class _Pending:
    """A batch that is judged and not done. We had it in hand at `received_at`, whatever happens to our clock."""

    batch: Batch
    received_at: datetime
    verdicts: Verdicts
    faults: int


class Inspector:
    """Gives each record of a stream its verdict. `run` once, `stop` from anywhere."""

    def __init__(
        self,
        reader: Reading,
        judge: Judging,
        contracts: Contracts,
        rejects: RejectStore,
        notices: Notices,
        terms: Terms,
        clock: Clock,
        observer: InspectionObserver,
    ) -> None:
        self._observer: InspectionObserver = FanOut(observer)
        self._reader, self._contracts, self._rejects = reader, contracts, rejects
        self._terms, self._clock = terms, clock
        self._teller = Teller(notices, self._observer, terms.stream, terms.status_url)
        self._bench = Bench(judge, self._observer)
        self._pending: deque[_Pending] = deque()
        self._store_at = 0.0
        self._stopping = Event()
        self._turned_at = clock.monotonic()
        self.waits_for_contracts = False
        """Whether there are rejects that are final only when the registry has been read."""

    def run(self) -> Outcome:
        """Work until stopped, then finish what is in hand within the grace period.

        Raises StreamReplaced, and whatever bug has ended the reader.
        """
        while not self._stopping.is_set():
            self.turn()
        end = self._clock.monotonic() + self._terms.grace_seconds
        while self._pending and self._clock.monotonic() < end:
            if not self.settle():
                self._clock.sleep(min(_WAIT_SECONDS, max(0.0, end - self._clock.monotonic())))
        written = self._reader.close(max(0.0, end - self._clock.monotonic()))
        return Outcome(sum(len(pending.batch.records) for pending in self._pending), written)

    def stop(self) -> None:
        """Read nothing more, and let `run` come to its end."""
        self._stopping.set()
        self._reader.stop()

    def idle_seconds(self) -> float:
        """How long ago the loop began its latest turn: long means that it hangs, and a restart may help."""
        return self._clock.monotonic() - self._turned_at

    def turn(self) -> None:
        """One batch, if there is one, and all that can be settled."""
        self._turned_at = self._clock.monotonic()
        self.read()
        self.settle()

    def read(self) -> None:
        """Take a batch, and judge it; not while there are too many faults in hand, of which a record may have 100."""
        if sum(pending.faults for pending in self._pending) > _MOST_FAULTS:
            self._clock.sleep(_WAIT_SECONDS)
            return
        batch = self._reader.next(_WAIT_SECONDS)
        if batch is None:
            return
        now = self._clock.now()
        verdicts = self._bench.judge(batch.records, self._contracts.current, now)
        self._pending.append(_Pending(batch, now, verdicts, verdicts.faults))
        oldest = min((record.arrived for record in batch.records), default=now)
        self._observer.judged(verdicts.accepted, max(0.0, (now - oldest).total_seconds()))

    def settle(self) -> bool:
        """Finish the batches at the head whose verdicts are final. Returns whether there were any."""
        self._judge_again()
        ready = list(self._ready())
        if ready and self._clock.monotonic() >= self._store_at and self._store(ready):
            for pending in ready:
                self._reader.done(pending.batch)
                self._pending.popleft()
        else:
            ready = []
        self.waits_for_contracts = any(pending.verdicts.open for pending in self._pending)
        self._observer.holding(sum(len(pending.verdicts.refusals) for pending in self._pending), len(self._pending))
        return bool(ready)

    def _judge_again(self) -> None:
        """What is open: the registry may have been read since."""
        contracts, now = self._contracts.current, self._clock.now()
        for pending in self._pending:
            if not pending.verdicts.open:
                continue
            pending.received_at = min(pending.received_at, now)  # else all waited for as long as the clock was set back
            accepted = self._bench.judge_again(pending.verdicts, contracts, pending.received_at, now)
            if accepted:
                self._observer.judged(accepted, 0.0)

    def _ready(self) -> Iterator[_Pending]:
        """From the head, in order, as much as is stored together."""
        rejects = 0
        for pending in self._pending:
            rejects += len(pending.verdicts.refusals)
            if pending.verdicts.open or (rejects > _MOST_REJECTS and pending is not self._pending[0]):
                return
            yield pending

    def _store(self, ready: list[_Pending]) -> bool:
        rejects = [
            reject_of(refusal.refused, self._terms.stream, pending.batch.shard, refusal.record, pending.received_at)
            for pending in ready
            for refusal in pending.verdicts.refusals
        ]
        if rejects:
            without_original = attempt(self._observer, "store", partial(self._rejects.store, rejects))
            if isinstance(without_original, CallFailed):
                self._store_at = self._clock.monotonic() + _PAUSE_SECONDS
                return False
            self._teller.tell(rejects, without_original, self._contracts.current.contracts)
        return True
