"""What the demo found, for people and for machines."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from event_processor.status.scrape import Scrape
from event_processor.telemetry.publish_telemetry import PUBLISHED, REFUSED
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.submission_telemetry import AGE


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run; `missing` to `wrong_identity` are the audit's."""

    submissions: int
    events: int
    rejects: dict[str, int]
    refused_and_sent_again: int
    repeats: int
    missing: int
    unexpected: int
    altered: int
    out_of_order: int
    wrong_identity: int
    seconds: float
    events_per_second: int
    age_p50_seconds: float
    age_p99_seconds: float
    seed: int
    passed: bool

    @classmethod
    def of(cls, audit: dict[str, Any], scrape: Scrape, seconds: float, seed: int) -> "Report":
        """From the audit's JSON and the processor's metrics."""
        violations = audit["violations"]
        return cls(
            submissions=audit["submissions"],
            events=audit["found"] + audit["permitted"],
            rejects=scrape.by_label(REJECTS),
            refused_and_sent_again=scrape.total(REFUSED),
            repeats=audit["repeats"],
            missing=violations.get("missing", 0),
            unexpected=violations.get("unexpected", 0),
            altered=violations.get("altered", 0),
            out_of_order=violations.get("out_of_order", 0),
            wrong_identity=violations.get("identity", 0),
            seconds=round(seconds, 2),
            events_per_second=round(scrape.total(PUBLISHED) / seconds),
            age_p50_seconds=_age_seconds(scrape, 0.5, seconds),
            age_p99_seconds=_age_seconds(scrape, 0.99, seconds),
            seed=seed,
            passed=audit["passed"],
        )

    def as_json(self) -> dict[str, Any]:
        """The same figures for machines."""
        return asdict(self)

    def show(self, console: Console) -> None:
        """A table that a newcomer understands, and where to go next."""
        table = Table(box=None, show_header=False, padding=(0, 2))
        table.add_column(justify="right", style="bold")
        table.add_column()
        for figure, words in self._rows():
            table.add_row(figure, words)
        verdict = "[green]Nothing lost, nothing altered, nothing out of order.[/]"
        title = verdict if self.passed else "[red]The audit found faults: this is a bug, please report the seed.[/]"
        console.print(Panel(table, title=title, title_align="left", expand=False))
        console.print(_NEXT.format(seed=self.seed), highlight=False)

    def _rows(self) -> list[tuple[str, str]]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.rejects.items()) or "none"
        return [
            (f"{self.submissions:,}", "submissions sent to the queue, some of them spoiled on purpose"),
            (f"{self.events:,}", "events on the stream, each its own record"),
            (f"{sum(self.rejects.values()):,}", f"rejects, each with its reason: {reasons}"),
            (f"{self.refused_and_sent_again:,}", "records refused by the stream and sent again"),
            (f"{self.repeats:,}", "repeats on the stream (readers drop them by event_id)"),
            (f"{self.missing:,}", "events missing"),
            (f"{self.unexpected + self.altered + self.wrong_identity:,}", "events altered or that should not be there"),
            (f"{self.out_of_order:,}", "events out of order within their submission"),
            (f"{self.events_per_second:,}", f"events per second, over {self.seconds:g} s"),
            (
                f"{self.age_p50_seconds:g} s",
                f"from queue to stream (median), {self.age_p99_seconds:g} s for 99 %",
            ),
        ]


def _age_seconds(scrape: Scrape, share: float, most_seconds: float) -> float:
    return round(min(scrape.quantile(AGE, share) or 0.0, most_seconds), 3)


_NEXT = """
An audit that shares no code with the processor read the whole stream and compared it with what the fleet sent.
Next: make it harder    .venv/bin/event-processor demo --refuse 0.4 --lose-answer 0.05 --seed {seed}
      run it for real   README.md, "Run it"
      why it holds      docs/ordering.md
"""
