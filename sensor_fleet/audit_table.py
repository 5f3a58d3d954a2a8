"""What the reports of all audits look like."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table


def show(
    console: Console,
    title: str,
    counts: Mapping[str, int],
    violations: Mapping[str, int],
    details: Sequence[Table],
    *,
    passed: bool,
) -> None:
    """Print what was counted and what is wrong, the details that have rows, then the verdict in one line."""
    console.print(_figures(title, counts, violations))
    for table in details:
        if table.row_count:
            console.print(table)
    console.print("[bold green]passed[/]" if passed else "[bold red]FAILED[/]")


def _figures(title: str, counts: Mapping[str, int], violations: Mapping[str, int]) -> Table:
    table = Table("", "count", title=title, title_justify="left")
    table.columns[1].justify = "right"
    for name, number in counts.items():
        table.add_row(name, f"{number:,}")
    table.add_section()
    for what, number in violations.items():
        table.add_row(what, f"{number:,}", style="red" if number else None)
    return table
