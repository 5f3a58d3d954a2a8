"""The verdicts on the records of one batch; a reject that is not final is open, and judged again by the next set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.finality import is_final
from event_processor.contracts.judge import Accepted, Judging, Refused
from event_processor.inspection.ports import InspectionObserver
from event_processor.verdict import Fault, Reason, Sender, Stage

UNKNOWN: Final = "unknown"
"""Stands for subjects that no contract has: any number of them may come, and each would be a new time series."""


@dataclass(slots=True)
class Refusal:
    """A record that is not valid, by the contracts of this epoch; final or open."""

    record: StreamRecord
    refused: Refused
    epoch: int
    is_final: bool


@dataclass(slots=True)
class Verdicts:
    """On one batch. `refusals` are in the order of the records."""

    refusals: list[Refusal]
    accepted: Counter[str] = field(default_factory=Counter)

    @property
    def open(self) -> int:
        """How many rejects are not final yet."""
        return sum(not refusal.is_final for refusal in self.refusals)

    @property
    def faults(self) -> int:
        """How many all the rejects have."""
        return sum(len(refusal.refused.faults) for refusal in self.refusals)


class Bench:
    """Where records are judged, and judged again."""

    def __init__(self, judge: Judging, observer: InspectionObserver) -> None:
        self._judge, self._observer = judge, observer

    def judge(self, records: Sequence[StreamRecord], contracts: ContractSet, received_at: datetime) -> Verdicts:
        """Of records that we received then, by our own clock."""
        verdicts, known = Verdicts([]), contracts.contracts
        accepted: dict[str, int] = {}
        for record in records:
            verdict = self._verdict(record, contracts)
            if isinstance(verdict, Refused):
                final = is_final(record.arrived, verdict, contracts, received_at, received_at)
                verdicts.refusals.append(Refusal(record, verdict, contracts.epoch, final))
            else:
                accepted[verdict.subject] = accepted.get(verdict.subject, 0) + 1
        for subject, number in accepted.items():
            verdicts.accepted[label(subject, known)] += number
        return verdicts

    def judge_again(
        self, verdicts: Verdicts, contracts: ContractSet, received_at: datetime, now: datetime
    ) -> Counter[str]:
        """What is open, by a newer set. Returns what is accepted now."""
        accepted: Counter[str] = Counter()
        left = []
        for refusal in verdicts.refusals:
            if not refusal.is_final and refusal.epoch != contracts.epoch:
                verdict = self._verdict(refusal.record, contracts)
                if not isinstance(verdict, Refused):
                    accepted[verdict.subject] += 1
                    continue
                refusal.refused, refusal.epoch = verdict, contracts.epoch
            if not refusal.is_final:
                refusal.is_final = is_final(refusal.record.arrived, refusal.refused, contracts, received_at, now)
            left.append(refusal)
        verdicts.refusals = left
        return accepted

    def _verdict(self, record: StreamRecord, contracts: ContractSet) -> Accepted | Refused:
        try:
            return self._judge.judge(record.data, contracts)
        except Exception as error:  # noqa: BLE001 - whatever it is, the record is kept, and those behind it are judged
            self._observer.broken(error)
            fault = Fault(Reason.INVALID, "", "judging it met a bug of ours")
            return Refused(Stage.CONTRACT, (fault,), None, None, Sender())


def label(subject: str | None, contracts: Mapping[str, object]) -> str:
    """A subject as a label of metrics."""
    return subject if subject is not None and subject in contracts else UNKNOWN
