"""What the reports of all audits look like."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table


def figures(title: str, counts: Mapping[str, int], violations: Mapping[str, int]) -> Table:
    """What was counted, and below a line what is wrong."""
    table = Table("", "count", title=title, title_justify="left")
    table.columns[1].justify = "right"
    for name, number in counts.items():
        table.add_row(name, f"{number:,}")
    table.add_section()
    for what, number in violations.items():
        table.add_row(what, f"{number:,}", style="red" if number else None)
    return table


def show_verdict(passed: bool, console: Console) -> None:
    """In one line."""
    console.print("[bold green]passed[/]" if passed else "[bold red]FAILED[/]")
