"""What the demo of the pipeline found: the live figures, and one page at the end that a newcomer understands."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from event_processor.status.job_figures import JobFigures
from event_processor.status.templating import read_template
from event_processor.text import cut, printable

_WAYS: Final = {
    "run": "SQS → run",
    "gateway": "HTTP → gateway",
    "inspect": "stream → inspect",
    "deliver": "streams → deliver",
    "monitor": "metrics → monitor",
}
_BY: Final = {"queue": "run", "door": "gateway", "stream": "inspect, deliver"}
_MOST_ROWS: Final = 10
DIMENSION: Final = "cookie_id"
"""Findings of it are of the devices that fell silent: the first to be shown, since a busy machine makes others."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows under a title and headers; `aligned` says which columns are numbers."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """The figures of one run. `audits` are those of the fleets, by what was compared; `verified` is `lake verify`'s."""

    seed: int
    seconds: float
    sent: Mapping[str, Any]
    figures: Mapping[str, JobFigures]
    audits: Mapping[str, Any]
    verified: Mapping[str, Any]
    rejects: Sequence[Mapping[str, Any]]
    tables: Mapping[str, int]
    notices: Sequence[tuple[float, Mapping[str, Any]]]

    @property
    def passed(self) -> bool:
        """Whether all that was sent is where it must be, and nothing else."""
        return bool(self.verified["sound"]) and all(audit["passed"] for audit in self.audits.values())

    @property
    def verdict(self) -> str:
        """In a sentence."""
        if self.passed:
            return "Nothing lost, nothing twice, nothing altered: streams, lake and tables have what was sent."
        return "The audits found faults: this is a bug, please report the seed."

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        return asdict(self) | {"passed": self.passed}

    def parts(self) -> Iterator[Part]:
        """All of it, in the order in which to read it."""
        yield Part("Sent", ("by", "", "answered or to be rejected"), list(self._sent()), frozenset({1}))
        headers: Sequence[str] = ("job", "taken", "passed on", "rejected", "refused by the stream and sent again")
        yield Part("Judged and passed on", headers, list(self._jobs()), frozenset({1, 2, 3, 4}))
        headers = ("by", "of", "why", "where, mostly", "release", "rejects")
        rejected = _shortened(list(self._rejected()))
        yield Part("Rejected by whom, and why (quality.rejects)", headers, rejected, frozenset({5}))
        tables = [(name, f"{rows:,}") for name, rows in self.tables.items()]
        yield Part("In the tables", ("table", "rows"), tables, frozenset({1}))
        yield Part("Notices that went out", ("after", "by", "what"), list(self._notices()), frozenset({0}))
        yield Part("How long it took", ("", "median", "99 %"), list(self._ages()), frozenset({1, 2}))
        yield Part("Compared", ("", "records", "verdict"), list(self._compared()), frozenset({1}))

    def as_page(self) -> str:
        """As a web page that needs nothing else."""
        return read_template("event_processor.demo", "pipeline.html").render(report=self)

    def show(self, console: Console) -> None:
        """For people."""
        for part in self.parts():
            console.print(part_table(part))
        color = "green" if self.passed else "red"
        console.print(Panel(Text(self.verdict, style=color), expand=False))
        console.print(f"Took {self.seconds:.0f} s, with seed {self.seed}.", highlight=False)

    def _sent(self) -> Iterator[Sequence[str]]:
        queue, door, stream = self.sent["queue"], self.sent["door"], self.sent["stream"]
        good, bad = queue["events_expected"], queue["events_to_reject"]
        what = f"of {good:,} good events; {queue['submissions_to_reject']:,} of them and {bad:,} events to be rejected"
        yield "sensors, to SQS", f"{queue['sent']:,}", f"submissions {what}"
        answers = ", ".join(f"{number:,} with {status}" for status, number in door["answers"].items())
        yield "a website, by HTTP", f"{door['sent']:,}", f"records, answered {answers}"
        yield "apps, straight onto the stream", f"{stream['sent']:,}", f"events, {stream['to_reject']:,} to be rejected"

    def _jobs(self) -> Iterator[Sequence[str]]:
        for name, each in self.figures.items():
            yield _WAYS.get(name, name), *(f"{n:,}" for n in (each.taken, each.passed, each.rejected, each.refused))

    def _notices(self) -> Iterator[Sequence[str]]:
        for kind, by in (("reject", "inspect"), ("finding", "monitor")):
            found = [(f"{at:.1f} s", by, entry["title"]) for at, entry in self.notices if entry["kind"] == kind]
            yield from _shortened(sorted(found, key=lambda row: DIMENSION not in row[2]))

    def _rejected(self) -> Iterator[Sequence[str]]:
        for row in self.rejects:
            by, where = _BY.get(row["source_kind"], row["source_kind"]), row["pattern"] or "the whole of it"
            yield by, row["source"], row["reason"], where, row["app_version"] or "-", f"{row['rejects']:,}"

    def _ages(self) -> Iterator[Sequence[str]]:
        for each in self.figures.values():
            for what, (half, most) in each.ages.items():
                yield what, f"{half:.2g} s", f"{most:.2g} s"

    def _compared(self) -> Iterator[Sequence[str]]:
        for name, audit in self.audits.items():
            wrong = ", ".join(f"{count:,} {what}" for what, count in audit["violations"].items() if count)
            yield f"audit: {name}", f"{audit['found']:,} of {audit['expected']:,}", wrong or "passed"
        records = sum(stream["records"] for stream in self.verified["streams"])
        findings = self.verified["findings"]
        kinds = Counter(finding["kind"] for finding in findings)
        wrong = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        yield "lake verify: streams, log, files and tables", f"{records:,}", wrong or "everything holds"
        yield from _shortened([(f"  {each['place']}", "", each["detail"]) for each in findings])


def running_figures(figures: Mapping[str, JobFigures], notices: Sequence[Mapping[str, Any]]) -> Group:
    """What happens at the moment."""
    rows = []
    for name, each in figures.items():
        numbers = each.taken, each.passed, each.rejected, each.loaded
        rows.append((_WAYS.get(name, name), *(f"{number:,}" for number in numbers), each.waiting))
    headers = ("", "taken", "passed on", "rejected", "rows loaded", "waiting")
    heard = notices[-1]["title"] if notices else "none yet"
    table = part_table(Part("", headers, rows, frozenset({1, 2, 3, 4})))
    return Group(table, Text(f"  {len(notices):,} notices, the last: {cut(printable(heard), 120)}"))


def part_table(part: Part) -> Table:
    """For a terminal."""
    table = Table(box=None, padding=(0, 2), title=part.title or None, title_justify="left", title_style="bold")
    for number, header in enumerate(part.headers):
        table.add_column(Text(header), justify="right" if number in part.numbers else "left", overflow="fold")
    for row in part.rows:
        table.add_row(*(Text(cut(printable(cell), 100)) for cell in row))
    return table


def _shortened(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    more = len(rows) - _MOST_ROWS
    width = len(rows[0]) if rows else 0
    return [*rows[:_MOST_ROWS], *([(f"… and {more:,} more", *[""] * (width - 1))] if more > 0 else [])]
