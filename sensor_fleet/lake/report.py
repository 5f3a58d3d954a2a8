"""What the witness found in a lake."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sensor_fleet import audit_table
from sensor_fleet.report import Judged

Layer: TypeAlias = Literal["raw", "typed", "table", "rejects"]
Kind: TypeAlias = Literal["missing", "twice", "altered", "unexpected", "other faults", "out of order"]
_SAMPLES_PER_KIND = 10


class Sample(NamedTuple):
    """One thing that is wrong."""

    layer: Layer
    kind: Kind
    record: str
    place: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeReport(Judged):
    """The verdict on a lake. `expected` counts the records that must be in it, `found` those of them that are.

    `codes` says how many records were rejected with which code. `repeats` are records sent again, which are in raw
    twice and in the table once; `conflicts` those that the load kept out of the table, as their id had other values.
    """

    expected: int
    found: int
    raw: int
    repeats: int
    others: int
    typed: int
    table: int | None
    rejects: int
    conflicts: int
    codes: Mapping[str, int]
    violations: Mapping[str, int]
    samples: tuple[Sample, ...]


class LakeFindings:
    """All that is wrong counted, the first few of each kind kept."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Layer, Kind]] = Counter()
        self.samples: list[Sample] = []

    def add(self, layer: Layer, kind: Kind, record: str, place: object, detail: str) -> None:
        """Count one mistake."""
        self._counts[layer, kind] += 1
        if self._counts[layer, kind] <= _SAMPLES_PER_KIND:
            self.samples.append(Sample(layer, kind, record, str(place), detail))

    def counts(self) -> dict[str, int]:
        """The number of each kind in each layer, zeros included."""
        return {f"{kind} in {layer}": self._counts[layer, kind] for layer in get_args(Layer) for kind in get_args(Kind)}


def show(report: LakeReport, console: Console) -> None:
    """Print the figures, then the first mistakes of each kind, then the verdict in one line."""
    violations = {
        what: sum(count for kind, count in report.violations.items() if kind.startswith(f"{what} in "))
        for what in get_args(Kind)
    }
    samples = Table("what", "record", "place", "detail", title="first of each kind", title_justify="left")
    for sample in report.samples:
        samples.add_row(f"{sample.kind} in {sample.layer}", sample.record, sample.place, Text(sample.detail))
    audit_table.show(console, "audit of the lake", _counts(report), violations, [samples], passed=report.passed)


def _counts(report: LakeReport) -> dict[str, int]:
    table = (
        {} if report.table is None else {"rows in tables": report.table, "… kept out by conflicts": report.conflicts}
    )
    return {
        "records expected": report.expected,
        "… found": report.found,
        "records in raw": report.raw,
        "… repeats (allowed)": report.repeats,
        "… of others (allowed)": report.others,
        "rows in typed files": report.typed,
        **table,
        "rejects": report.rejects,
        **{f"… {code}": number for code, number in report.codes.items()},
    }
