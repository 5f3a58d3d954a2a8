"""What the oracle found."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

Kind: TypeAlias = Literal["missing", "unexpected", "altered", "out_of_order", "identity"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SAMPLES_PER_KIND: Final = 10


class Violation(NamedTuple):
    """One thing on the stream, or absent from it, that breaks a promise. Unknown parts are empty or None."""

    kind: Kind
    detail: str
    submission_id: str = ""
    sequence: int | None = None
    event_id: str = ""


class Judged:
    """What the reports of all audits can say of themselves."""

    __slots__ = ()
    violations: Mapping[Any, int]

    @property
    def passed(self) -> bool:
        """Whether every promise held."""
        return not any(self.violations.values())

    def as_json(self) -> dict[str, Any]:
        """The same figures for machines."""
        figures: dict[str, Any] = asdict(self)  # type: ignore[call-overload]  # each report is a dataclass
        lists = {name: [each._asdict() for each in value] for name, value in figures.items() if type(value) is tuple}
        return figures | {"passed": self.passed} | lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Judged):
    """The verdict on a stream. Counts are of all violations, samples of the first few of each kind.

    `expected` counts the events that must appear, `found` those of them that do, `permitted` the events found that
    might as well be absent: the formats leave them open, or their submission was never confirmed to be on the queue.
    `groups` counts the message groups whose order was checked.

    Of a door's records each is a submission of one event, and each client and key a group. `answers` says how many got
    which status; it is empty for a fleet that asked no door.
    """

    submissions: int
    unconfirmed: int
    groups: int
    expected: int
    found: int
    permitted: int
    records: int
    repeats: int
    others: int
    violations: Mapping[Kind, int]
    samples: tuple[Violation, ...]
    answers: Mapping[str, int] = field(default_factory=dict)


class Findings:
    """All violations counted, the first few of each kind kept."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()
        self.samples: list[Violation] = []

    def add(self, kind: Kind, detail: str, record: Mapping[str, Any]) -> None:
        """Count one violation, by this record or what is known of it."""
        self.counts[kind] += 1
        if self.counts[kind] <= SAMPLES_PER_KIND:
            sequence = record.get("sequence")
            where = str(record.get("submission_id", "")), sequence if type(sequence) is int else None
            self.samples.append(Violation(kind, detail, *where, str(record.get("event_id", ""))))

    def copy(self) -> "Findings":
        """A copy to add to."""
        findings = Findings()
        findings.counts.update(self.counts)
        findings.samples += self.samples
        return findings
