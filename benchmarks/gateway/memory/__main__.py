"""Does the memory of the HTTP door stay as it is at half load? `python -m benchmarks.gateway.memory`."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

import click

from benchmarks import report
from benchmarks.backend.sender import Answered
from benchmarks.gateway.__main__ import HALF_SINGLY as CASE
from benchmarks.gateway.contenders import opened
from benchmarks.gateway.measure import sender
from benchmarks.report import Target

QUESTION: Final = "Does the memory of the HTTP door stay as it is at half load?"
COMMAND: Final = "python -m benchmarks.gateway.memory"
FOLDER: Final = Path(__file__).parent
_SAMPLES: Final = 20
_MOST_GROWTH_MIB: Final = 2.0
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """At a moment, and what was answered since the one before."""

    minute: float
    rss_mib: float
    answered: Answered


@click.command()
@click.option("--minutes", default=10.0, show_default=True, type=click.FloatRange(0.05), help="How long.")
@click.option("--record", is_flag=True, help="Rewrite result.json and the README's table.")
def main(minutes: float, record: bool) -> None:
    """A steady load, and the memory of the door twenty times meanwhile."""
    samples = list(_samples(minutes))
    rows = [
        {
            "minute": sample.minute,
            "rss_mib": sample.rss_mib,
            "records_per_second": sample.answered.good / sample.answered.seconds,
            "median_ms": sample.answered.median_ms,
            "p99_ms": sample.answered.p99_ms,
        }
        for sample in samples
    ]
    report.present(FOLDER, QUESTION, COMMAND, rows, [growth(samples)], record)


def growth(samples: list[Sample]) -> Target:
    """Start-up is over by the second quarter."""
    quarter = max(1, len(samples) // 4)
    before, last = samples[quarter : 2 * quarter] or samples[:1], samples[-quarter:]
    grown = fmean(each.rss_mib for each in last) - fmean(each.rss_mib for each in before)
    return Target(
        f"grows by at most {_MOST_GROWTH_MIB:g} MiB from the second quarter of the run to the last",
        f"{grown:+.2f} MiB",
        grown <= _MOST_GROWTH_MIB,
    )


def _samples(minutes: float) -> Iterator[Sample]:
    with opened(CASE.door) as place, sender(CASE, place) as load:
        begun = time.monotonic()
        for number in range(1, _SAMPLES + 1):
            time.sleep(max(0.0, begun + number * minutes * 60 / _SAMPLES - time.monotonic()))
            minute = round((time.monotonic() - begun) / 60, 2)
            yield Sample(minute, place.child.rss_bytes / _MIB, load.look())


if __name__ == "__main__":
    main()
