"""The whole flow on one page: take, judge, publish, answer; and, beside it, keep and give up.

    take      a request's records, if there is room for them: each gets its verdict by the contracts that count now
    publish   what is accepted goes onto its stream in waves, a record of a partition key at a time (`Line`)
    settle    what Kinesis has acknowledged is answered, and nothing else is: the rest goes again
    keep      what is refused is stored as a reject, and answered then
    give_up   whoever waited until the deadline is told so, and what is not on the wire by then is not sent any more

A record moves one way only:

    request -> judged -> lane -> on the wire -> acknowledged -> answered

and its client waits all the while, so a process that is killed loses nothing that anybody was told is safe.

A state machine for one thread: no I/O, no clock, no threads. `Carrying` runs it; whoever asks brings the time.
"""

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract_set import Contracts, ContractSet
from event_processor.contracts.judge import Accepted, Refused
from event_processor.gateway.envelopes import Offer, is_key
from event_processor.gateway.line import Line
from event_processor.gateway.pending import Parcel, Pending, Unfinished
from event_processor.gateway.ports import GatewayObserver
from event_processor.publishing.lanes import Wave
from event_processor.publishing.stream import Acknowledged, Answer, Record
from event_processor.rejects.of_records import reject_of
from event_processor.rejects.reject import Reject
from event_processor.telling import FanOut
from event_processor.verdict import Fault, Reason, Stage


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be in hand, and how long. A refusal by contracts that are older than `contracts_seconds` is none."""

    max_records: int
    max_bytes: int
    deadline_seconds: float
    contracts_seconds: float


class Names(NamedTuple):
    """Where names come from that nobody gives: of this process, of each record it refuses, of keys."""

    process: str
    number: Callable[[], int]
    key: Callable[[], str]


class Refusal(NamedTuple):
    """A record that is refused, before its client is told."""

    pending: Pending
    position: int
    refused: Refused
    reject: Reject


class Gateway:
    """Takes records for several streams. See the top of the page."""

    def __init__(
        self, lines: Mapping[str, Line], contracts: Contracts, limits: Limits, names: Names, observer: GatewayObserver
    ) -> None:
        self.lines, self.limits = lines, limits
        self.records = self.size_bytes = 0  # in hand
        self.coming: set[Callable[[], None]] = set()  # each ends the wait for a body that is not whole yet
        self.wake_keeping: Callable[[], None] = lambda: None
        self.contracts, self._names = contracts, names
        self._observer: GatewayObserver = FanOut(observer)
        self._pending: dict[Pending, None] = {}  # those that wait, in the order of their coming
        self._refusals: deque[Refusal] = deque()  # to be stored

    def hold(self, size_bytes: int) -> bool:
        """Room for so many bytes of a body, which the caller gives back by `release`; False if there is none."""
        if self.size_bytes + size_bytes > self.limits.max_bytes:
            return False
        self.size_bytes += size_bytes
        return True

    def release(self, size_bytes: int) -> None:
        """So many bytes of a body are not in hand any more."""
        self.size_bytes -= size_bytes

    def take(
        self,
        stream: str,
        offers: Sequence[Offer],
        arrived: datetime,
        started: float,
        now: float,
        when_done: Callable[[], None] = lambda: None,
    ) -> Pending | None:
        """The records of a request, whose results come sooner or later; None if there is no room for them."""
        if self.records + len(offers) > self.limits.max_records:
            return None
        deadline = started + self.limits.deadline_seconds
        pending = Pending(stream, arrived, started, deadline, [None] * len(offers), len(offers), when_done)
        self._pending[pending] = None
        self.records += len(offers)
        line, contracts = self.lines[stream], self.contracts.current
        accepted = sum(
            self._take(line, contracts, pending, position, offer, now) for position, offer in enumerate(offers)
        )
        self._observer.offered(stream, accepted, len(offers) - accepted)
        return pending

    def settle(self, line: Line, wave: Wave, answers: Sequence[Answer] | None, now: float) -> bool:
        """The answers to a wave, None if there were none. True if the stream has other shards than we thought."""
        outcome = line.settle(wave, answers, now)
        self._observer.wave(len(wave.records))
        self._observer.refused(outcome.refused)
        ages: list[float] = []
        for parcel, answer in zip(wave.submissions, answers or (), strict=answers is not None):
            if isinstance(parcel, Parcel) and isinstance(answer, Acknowledged):
                ages.append(now - parcel.pending.started)
                self._done(parcel, answer)
        self._observer.acknowledged(line.stream.name, ages)
        for _ in outcome.violations:
            self._observer.order_violated(line.stream.name)
        if outcome.blamed:
            self.blame(line, outcome.blamed, together=False, now=now)
        return outcome.elsewhere

    def blame(self, line: Line, lanes: Sequence[Hashable], together: bool, now: float) -> None:
        """The stream refused these heads for what they are: what it will never take becomes a reject."""
        for parcel in line.unfit(lanes, together, now):
            fault = Fault(Reason.TOO_LARGE, "", "the stream refuses a record of this size")
            refused = Refused(Stage.SIZE, (fault,), parcel.record.event_type)
            self._drop(parcel)
            self.records += 1  # in hand until it is kept
            self._refuse(line, parcel.pending, parcel.position, parcel.record, refused)

    def next_refusals(self, most: int) -> list[Refusal]:
        """Some of those whose rejects are to be stored; to be given to `kept`."""
        return [self._refusals.popleft() for _ in range(min(most, len(self._refusals)))]

    def kept(self, refusals: Sequence[Refusal], is_safe: bool) -> None:
        """Their rejects are stored, so that their clients may be told; or cannot be stored at the moment."""
        for pending, position, refused, _ in refusals:
            result = refused if is_safe else Unfinished("what is refused cannot be stored at the moment")
            self._settle(pending, position, result)
        self.records -= len(refusals)
        if is_safe and refusals:
            self._observer.rejected([refusal.reject for refusal in refusals])

    def give_up(self, now: float) -> None:
        """Answer those whose deadline has passed, and forget what of theirs is not on the wire."""
        late = [pending for pending in self._pending if pending.deadline <= now]
        for pending in late:
            del self._pending[pending]
            self._observer.unfinished(pending.stream, pending.give_up("Kinesis has not acknowledged it in time"))
        streams = {pending.stream for pending in late}
        for name, line in self.lines.items():
            theirs = [each for each in line.unfinished() if each.pending.is_done] if name in streams else []
            for parcel in line.give_up(theirs):
                self._drop(parcel)

    @property
    def waiting(self) -> int:
        """How many requests have no answer yet."""
        return len(self._pending)

    def oldest_seconds(self, now: float) -> float:
        """How long the oldest of them waits. May be asked by any thread."""
        first = list(self._pending)[:1]
        return now - first[0].started if first else 0.0

    def _take(
        self, line: Line, contracts: ContractSet, pending: Pending, position: int, offer: Offer, now: float
    ) -> bool:
        verdict = self._verdict(line, contracts, offer)
        if isinstance(verdict, Accepted):
            record = Record(offer.key or self._key(line, verdict), offer.data, verdict.subject, position)
            if record.size_bytes <= line.limit_bytes:
                self.size_bytes += record.size_bytes
                line.admit(Parcel(pending, position, record), now)
                return True
            verdict = _too_large(verdict, record, line.limit_bytes)
        else:
            record = Record(offer.key or self._names.key(), offer.data, verdict.subject or "", position)
        is_stale = contracts.read_at < pending.arrived - timedelta(seconds=self.limits.contracts_seconds)
        if verdict.depends_on_contracts and is_stale:
            self.records -= 1
            self._settle(pending, position, Unfinished("the contracts cannot be read at the moment"))
        else:
            self._refuse(line, pending, position, record, verdict)
        return False

    def _verdict(self, line: Line, contracts: ContractSet, offer: Offer) -> Accepted | Refused:
        try:
            return line.judge.judge(offer.data, contracts, offer.document)
        except Exception as error:  # noqa: BLE001 - whatever it is, the record is refused, and the next ones are judged
            self._observer.broken(error)
            return Refused(Stage.CONTRACT, (Fault(Reason.INVALID, "", "judging it met a bug of ours"),))

    def _key(self, line: Line, verdict: Accepted) -> str:
        for field in (line.stream.partition_key, line.stream.id):
            key = verdict.value.get(field) if field else None
            if is_key(key):
                return str(key)
        return self._names.key()

    def _refuse(self, line: Line, pending: Pending, position: int, record: Record, refused: Refused) -> None:
        offered = StreamRecord(str(self._names.number()), record.partition_key, pending.arrived, record.data)
        reject = reject_of(refused, line.stream.name, self._names.process, offered, pending.arrived, "door")
        if line.stream.rejects == "count":
            self.kept([Refusal(pending, position, refused, reject)], is_safe=True)
            return
        self._refusals.append(Refusal(pending, position, refused, reject))
        self.wake_keeping()

    def _done(self, parcel: Parcel, answer: Acknowledged) -> None:
        self._drop(parcel)
        self._settle(parcel.pending, parcel.position, answer)

    def _drop(self, parcel: Parcel) -> None:
        self.records -= 1
        self.size_bytes -= parcel.record.size_bytes

    def _settle(self, pending: Pending, position: int, result: Acknowledged | Refused | Unfinished) -> None:
        pending.settle(position, result)
        if pending.is_done:
            self._pending.pop(pending, None)


def _too_large(verdict: Accepted, record: Record, limit_bytes: int) -> Refused:
    detail = f"with its partition key it has {record.size_bytes} bytes, over the stream's limit"
    fault = Fault(Reason.TOO_LARGE, "", detail, f"at most {limit_bytes} bytes")
    return Refused(Stage.SIZE, (fault,), verdict.subject, verdict.version, verdict.sender)
