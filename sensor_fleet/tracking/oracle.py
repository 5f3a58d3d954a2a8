"""The oracle of verdicts: compares rejects with what was sent. Pure, and independent of who judged.

Feed it plans, puts and rejects, in any order of the rejects.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple

from sensor_fleet.report import Judged
from sensor_fleet.tracking.manifest import Answered, Put
from sensor_fleet.tracking.plan import TrackingPlan, digest, listed
from sensor_fleet.tracking.rejects import FoundReject

KINDS: Final = ("missing", "unexpected", "wrong_faults", "wrong_subject", "wrong_release", "identity")
_SAMPLES_PER_KIND: Final = 10


class Mistake(NamedTuple):
    """One verdict that is not the oracle's."""

    kind: str
    detail: str
    message_id: str
    place: str


class Breakage(NamedTuple):
    """What is wrong with the events of one release: how many have a fault."""

    release: str
    subject: str
    pointer: str
    code: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictReport(Judged):
    """What was found. `found` counts records of `expected`; `repeats` and `permitted` are allowed.

    `repeats` are rejects told again, and those of a second copy on the stream whose first answer was lost. `permitted`
    are rejects of records that must be rejected and were never confirmed to be on the stream.
    """

    records: int
    unconfirmed: int
    expected: int
    found: int
    rejects: int
    repeats: int
    permitted: int
    violations: Mapping[str, int]
    samples: tuple[Mistake, ...]
    breakages: tuple[Breakage, ...]


class VerdictOracle:
    """Judges the verdicts on one stream."""

    def __init__(self) -> None:
        self._plans: dict[str, TrackingPlan] = {}
        self._by_digest: dict[str, TrackingPlan] = {}
        self._at: dict[str, str] = {}
        self._confirmed: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._found: set[str] = set()
        self._rejects = self._repeats = 0
        self._mistakes: list[Mistake] = []
        self._breakages: Counter[tuple[str, str, str, str]] = Counter()

    @property
    def expected(self) -> int:
        """How many records must be rejected."""
        return sum(bool(self._plans[message_id].faults) for message_id in self._confirmed)

    @property
    def outstanding(self) -> int:
        """How many rejects must still be seen."""
        return self.expected - sum(message_id in self._confirmed for message_id in self._found)

    def plan(self, plan: TrackingPlan) -> None:
        """Announce a record that may be on the stream; until it is confirmed, its reject may be missing."""
        self._plans[plan.message_id] = self._by_digest[plan.digest] = plan

    def confirm(self, puts: Sequence[Put]) -> None:
        """Records that are certainly on the stream, and where. Raises KeyError for one that was never planned."""
        for put in puts:
            place = f"{put.shard}/{put.sequence}"
            self._at[place] = self._plans[put.message_id].message_id
            self._confirmed[put.message_id] = place

    def answered(self, answered: Answered) -> None:
        """Records that a door has refused by their contracts: the reject of each must be there, nobody knows where."""
        for message_id in answered.message_ids:
            plan = self._plans[message_id]
            if answered.status == HTTPStatus.UNPROCESSABLE_ENTITY:
                self._confirmed[plan.message_id] = ""

    def read(self, reject: FoundReject) -> None:
        """Take the next reject."""
        self._rejects += 1
        found = digest(reject.data)
        if found not in self._by_digest:
            self._mistake("unexpected", "of no record that was sent", "", reject)
            return
        plan = self._plans[self._at[reject.place]] if reject.place in self._at else self._by_digest[found]
        if plan.digest != found:
            self._mistake("identity", "the record there is another one", plan.message_id, reject)
            self._count(plan, reject.place)
            return
        if self._ids.setdefault(reject.reject_id, reject.place) != reject.place:
            self._mistake("identity", f"{self._ids[reject.reject_id]} has this reject_id, too", plan.message_id, reject)
        self._compare(plan, reject)
        self._count(plan, reject.place)

    def _count(self, plan: TrackingPlan, place: str) -> None:
        """A reject of a second copy, whose place nobody was told, says nothing of the first."""
        is_copy = (self._confirmed.get(plan.message_id) or place) != place
        if is_copy or plan.message_id in self._found:
            self._repeats += 1
        elif plan.faults:
            self._found.add(plan.message_id)
            for pointer, code in set(plan.faults):
                self._breakages[plan.release, plan.subject, pointer, code] += 1

    def _compare(self, plan: TrackingPlan, reject: FoundReject) -> None:
        if not plan.faults:
            self._mistake("unexpected", f"it is valid, but got {listed(reject.faults)}", plan.message_id, reject)
            return
        if sorted(plan.faults) != sorted(reject.faults):
            detail = f"must have {listed(plan.faults)}, has {listed(reject.faults)}"
            self._mistake("wrong_faults", detail, plan.message_id, reject)
        if plan.subject != reject.subject:
            detail = f"must be {plan.subject!r}, is {reject.subject!r}"
            self._mistake("wrong_subject", detail, plan.message_id, reject)
        if reject.subject and plan.release != reject.release and not _hides_release(plan):
            detail = f"must be {plan.release!r}, is {reject.release!r}"
            self._mistake("wrong_release", detail, plan.message_id, reject)

    def _mistake(self, kind: str, detail: str, message_id: str, reject: FoundReject) -> None:
        self._mistakes.append(Mistake(kind, detail, message_id, reject.place))

    def report(self) -> VerdictReport:
        """The verdict on the verdicts if nothing more came."""
        missing = [
            Mistake("missing", f"must have {listed(self._plans[message_id].faults)}", message_id, place)
            for message_id, place in self._confirmed.items()
            if self._plans[message_id].faults and message_id not in self._found
        ]
        mistakes = [*self._mistakes, *missing]
        counts = Counter(mistake.kind for mistake in mistakes)
        return VerdictReport(
            records=len(self._plans),
            unconfirmed=len(self._plans) - len(self._confirmed),
            expected=self.expected,
            found=self.expected - self.outstanding,
            rejects=self._rejects,
            repeats=self._repeats,
            permitted=sum(message_id not in self._confirmed for message_id in self._found),
            violations={kind: counts[kind] for kind in KINDS},
            samples=tuple(
                mistake
                for kind in KINDS
                for mistake in [each for each in mistakes if each.kind == kind][:_SAMPLES_PER_KIND]
            ),
            breakages=tuple(Breakage(*what, count) for what, count in self._breakages.most_common()),
        )


def _hides_release(plan: TrackingPlan) -> bool:
    """Whether it is the release itself that is broken."""
    return any(pointer.startswith("/context/app") for pointer, _ in plan.faults)
