"""How much memory does a processor use after hours of work? `python -m benchmarks.memory`."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Final

import click

from benchmarks import report
from benchmarks.memory.samples import Plan, Sample, measure
from benchmarks.report import Row, Target
from tools import plots

QUESTION: Final = "How much memory does a processor use after hours of work?"
COMMAND: Final = "python -m benchmarks.memory"
FOLDER: Final = Path(__file__).parent
_ROWS: Final = 12
_TENTH: Final = 10
_GROWTH_MIB: Final = 2.0
_MOST_MIB: Final = 110.0


@click.command()
@click.option("--minutes", default=120.0, show_default=True, type=click.FloatRange(0.1), help="How long.")
@click.option("--events-per-second", default=210.0, show_default=True, type=click.FloatRange(1), help="How fast.")
@click.option("--sample-seconds", default=60.0, show_default=True, type=click.FloatRange(0.5), help="Between samples.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep memory.csv (a line for each sample, as it goes), the processes' ids and their logs there.",
)
@click.option("--quick", is_flag=True, help="Only see that it runs.")
@click.option("--record", is_flag=True, help="Rewrite result.json, plot.svg and the README's table.")
def main(
    minutes: float, events_per_second: float, sample_seconds: float, folder: Path | None, quick: bool, record: bool
) -> None:
    """A steady load that is far from a limit, for hours."""
    plan = Plan(0.1, events_per_second, 0.5) if quick else Plan(minutes, events_per_second, sample_seconds)
    with TemporaryDirectory() as scratch:
        kept = folder or Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        samples = measure(plan, kept)
    targets = [growth(samples), most(samples)]
    report.present(FOLDER, QUESTION, COMMAND, rows(samples), targets, record)
    if record:
        _plot(samples)


def rows(samples: Sequence[Sample]) -> list[Row]:
    """The first, the last, and some between."""
    every = max(1, (len(samples) - 1) // _ROWS)
    chosen = dict.fromkeys([*samples[::every], samples[-1]])
    return [{name: getattr(sample, name) for name in Sample.__slots__} for sample in chosen]


def growth(samples: Sequence[Sample]) -> Target:
    """The last tenth of the run against the tenth in its middle: start-up is over by then, caches are full."""
    tenth = max(1, len(samples) // _TENTH)
    middle = (len(samples) - tenth) // 2
    grown = _mean(samples[-tenth:]) - _mean(samples[middle : middle + tenth])
    return Target(
        f"grows by at most {_GROWTH_MIB:g} MiB in the second half of the run", f"{grown:+.2f} MiB", grown <= _GROWTH_MIB
    )


def most(samples: Sequence[Sample]) -> Target:
    """The most of all."""
    peak = max(sample.rss_mib for sample in samples)
    return Target(f"RSS never above {_MOST_MIB:g} MiB", f"{peak:.1f} MiB", peak <= _MOST_MIB)


def _mean(samples: Sequence[Sample]) -> float:
    """Of the process alone: its share of shared pages moves when other processes start and end."""
    return fmean(sample.anonymous_mib for sample in samples)


def _plot(samples: Sequence[Sample]) -> None:
    labels = [f"{sample.minute:.0f}" for sample in samples]
    series = {"RSS": [sample.rss_mib for sample in samples], "PSS": [sample.pss_mib for sample in samples]}
    plots.lines(FOLDER / "plot.svg", QUESTION, "minutes", "MiB", labels, series)


if __name__ == "__main__":
    main()
