"""The report of a benchmark: values with their spread, targets, a table, and `result.json` beside its README.

A row is a dict from a name with its unit (`events_per_second`) to a value; the names are the table's headings.
"""

import json
import os
import platform
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]
_WIDTH_WITHOUT_TERMINAL: Final = 200
_PYTHON: Final = platform.python_version()
_RECORDED: Final = re.compile(r"(?<=<!-- recorded -->\n).*?(?=<!-- /recorded -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spread:
    """What several rounds measured: the median, and the least and the most of all."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """The spread of one or more values."""
        rounds = sorted(values)
        return cls(statistics.median(rounds), rounds[0], rounds[-1])

    def __str__(self) -> str:
        if self.low == self.high:
            return number(self.median)
        return f"{number(self.median)} ({number(self.low)} to {number(self.high)})"


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that was set before measuring, what came out, and whether that keeps it."""

    text: str
    measured: str
    met: bool


def asked(main: Callable[[bool, bool], None]) -> click.Command:
    """The command of a question, from what is done when it is quick and when it is to be recorded."""

    @click.command(help=main.__doc__)
    @click.option("--quick", is_flag=True, help="Only see that it runs; the figures mean nothing.")
    @click.option("--record", is_flag=True, help="Rewrite result.json, the README's table, and plots if there are any.")
    def command(quick: bool, record: bool) -> None:
        if quick and record:
            raise click.UsageError("--quick measures nothing that is worth recording")
        main(quick, record)

    return command


def number(value: float) -> str:
    """A number as people read it: three figures that matter, thousands apart."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def machine(python: str) -> dict[str, Any]:
    """What it ran on; the version of Python is that of the figures that are quoted."""
    models = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "python": python,
    }


def present(
    folder: Path,
    question: str,
    command: str,
    rows: Sequence[Row],
    targets: Sequence[Target],
    record: bool,
    python: str = _PYTHON,
) -> None:
    """Print the result; with `record`, also put it beside and into the folder's README. `python` is its version."""
    print_table(question, rows)
    print_targets(targets)
    if record:
        write_result(folder, question, command, rows, targets, python)
        write_readme(folder, rows, targets, python)


def print_table(title: str, rows: Sequence[Row]) -> None:
    """One table on the terminal."""
    table = Table(title=title, title_justify="left")
    names = _names(rows)
    for name in names:
        table.add_column(_heading(name), justify="left" if isinstance(rows[0].get(name), str) else "right")
    for row in rows:
        table.add_row(*(_text(row.get(name)) for name in names))
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL  # a log has room
    console.print(table)


def print_targets(targets: Sequence[Target]) -> None:
    """One line a target: ticked, or what came out instead."""
    console = Console(highlight=False)
    for target in targets:
        mark = "[green]✓[/]" if target.met else "[red]✗[/]"
        console.print(f"{mark} {target.text}: {target.measured}")


def write_result(
    folder: Path, question: str, command: str, rows: Sequence[Row], targets: Sequence[Target], python: str
) -> None:
    """Write `result.json`, for programs: `event-processor estimate capacity` and the documents are made from it."""
    result = {
        "question": question,
        "command": command,
        "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(python),
        "rows": rows,
        "targets": targets,
    }
    (folder / "result.json").write_text(json.dumps(result, indent=1, default=_plain) + "\n")


def write_readme(folder: Path, rows: Sequence[Row], targets: Sequence[Target], python: str = _PYTHON) -> None:
    """Put the recorded result between the markers of the folder's README. Raises ValueError if there are none."""
    readme = folder / "README.md"
    text, replaced = _RECORDED.subn(lambda _: markdown(rows, targets, python), readme.read_text())
    if not replaced:
        raise ValueError(f"{readme} has no <!-- recorded --> markers")
    readme.write_text(text)


def markdown(rows: Sequence[Row], targets: Sequence[Target], python: str = _PYTHON) -> str:
    """Date, machine, targets and rows, as a README shows them."""
    on = machine(python)
    lines = [
        f"Recorded {datetime.now(UTC):%Y-%m-%d} on {on['cores']} cores ({on['cpu']}), Python {on['python']}.",
        "Medians, with the least and the most of all rounds.\n",
        *(f"- [{'x' if target.met else ' '}] {target.text}: {target.measured}" for target in targets),
        "" if targets else None,
        *_markdown_table(rows),
    ]
    return "\n".join(line for line in lines if line is not None) + "\n"


def _markdown_table(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    names = _names(rows)
    cells = [[_heading(name) for name in names], *([_text(row.get(name)) for name in names] for row in rows)]
    head, *body = (f"| {' | '.join(line)} |" for line in cells)
    return [head, "|" + "---|" * len(names), *body]


def _names(rows: Sequence[Row]) -> list[str]:
    """Of all rows: not each has every figure."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _heading(name: str) -> str:
    return name.replace("_per_second", "/s").replace("_per_", "/").replace("_us", "_µs").replace("_", " ")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return number(value) if isinstance(value, int | float) else str(value)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{value!r} does not go into JSON")
