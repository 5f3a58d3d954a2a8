"""A report on verdicts for people."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sensor_fleet import audit_table
from sensor_fleet.tracking.oracle import VerdictReport

_MOST_BREAKAGES = 10
_MEANINGS = {
    "missing": "missing",
    "unexpected": "unexpected",
    "wrong_faults": "other faults",
    "wrong_subject": "other subject",
    "wrong_release": "other release",
    "identity": "wrong identity",
}


def show(report: VerdictReport, console: Console) -> None:
    """Print the figures, what is wrong with which release, the first mistakes of each kind, and the verdict."""
    violations = {_MEANINGS[kind]: number for kind, number in report.violations.items()}
    details = [_breakages(report), _samples(report)]
    audit_table.show(console, "audit of verdicts", _counts(report), violations, details, passed=report.passed)


def _counts(report: VerdictReport) -> dict[str, int]:
    return {
        "records": report.records,
        "… not confirmed to be on the stream": report.unconfirmed,
        "records to be rejected": report.expected,
        "… found among the rejects": report.found,
        "rejects read": report.rejects,
        "… repeats (allowed)": report.repeats,
        "… of records not confirmed (allowed)": report.permitted,
    }


def _breakages(report: VerdictReport) -> Table:
    table = Table("release", "subject", "pointer", "code", "records", title="what broke most", title_justify="left")
    table.columns[4].justify = "right"
    for each in report.breakages[:_MOST_BREAKAGES]:
        table.add_row(each.release, Text(each.subject), Text(each.pointer), each.code, f"{each.records:,}")
    return table


def _samples(report: VerdictReport) -> Table:
    table = Table("what", "event", "shard and number", "detail", title="first of each kind", title_justify="left")
    for sample in report.samples:
        table.add_row(_MEANINGS[sample.kind], sample.message_id, sample.place, Text(sample.detail))
    return table
