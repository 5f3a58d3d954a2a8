"""A report for people."""

from rich.console import Console
from rich.table import Table

from sensor_fleet import audit_table
from sensor_fleet.report import Report

_MEANINGS = {
    "missing": "missing",
    "unexpected": "unexpected",
    "altered": "altered",
    "out_of_order": "out of order",
    "identity": "wrong identity",
}


def show(report: Report, console: Console) -> None:
    """Print the figures, then the first violations of each kind, then the verdict in one line."""
    counts = _of_door(report) if report.answers else _of_queue(report)
    violations = {_MEANINGS[kind]: number for kind, number in report.violations.items()}
    audit_table.show(console, "audit", counts, violations, [_samples(report)], passed=report.passed)


def _of_queue(report: Report) -> dict[str, int]:
    return {
        "submissions": report.submissions,
        "… not confirmed to be on the queue": report.unconfirmed,
        "message groups, each to be in order": report.groups,
        "events expected": report.expected,
        "… found": report.found,
        "events found that need not be": report.permitted,
        "records read": report.records,
        "… repeats (allowed)": report.repeats,
        "… of other submissions (allowed)": report.others,
    }


def _of_door(report: Report) -> dict[str, int]:
    return {
        "records sent": report.submissions,
        **{f"… answered {status}": number for status, number in report.answers.items()},
        "clients' keys, each to be in order": report.groups,
        "records answered 200": report.expected,
        "… found": report.found,
        "records found of 503 and broken connections (allowed)": report.permitted,
        "records read": report.records,
        "… repeats (allowed)": report.repeats,
        "… of others (allowed)": report.others,
    }


def _samples(report: Report) -> Table:
    ids = ("record", "number", "") if report.answers else ("submission", "event", "event_id")
    table = Table("what", *ids, "detail", title="first of each kind", title_justify="left")
    for sample in sorted(report.samples, key=lambda sample: list(_MEANINGS).index(sample.kind)):
        sequence = "" if sample.sequence is None else str(sample.sequence)
        table.add_row(_MEANINGS[sample.kind], sample.submission_id, sequence, sample.event_id, sample.detail)
    return table
