"""How close to the limit of its shards does the processor come? `python -m benchmarks.shard_limit`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.progress import track

from benchmarks import report
from benchmarks.backend import Load
from benchmarks.report import Row, Spread, Target
from benchmarks.run import CREDENTIALS, interpreters
from benchmarks.shard_limit.cases import Case, Outcome, measure
from tools import plots

QUESTION: Final = "How close to the limit of its shards does the processor come?"
COMMAND: Final = "python -m benchmarks.shard_limit"
FOLDER: Final = Path(__file__).parent
_SHARE: Final = 0.97
_REFUSALS: Final = 0.02
_SMALL: Final = Load(submissions=100_000, events=5)
_RECORDS: Final = "2 shards: records"
_BYTES: Final = "2 shards: bytes"
_ONE_FULL: Final = "3 of 4 shards, one taken"
CASES: Final = (
    Case(_RECORDS, "lean", _SMALL),
    Case(_RECORDS, "boto3", _SMALL),
    Case(_BYTES, "lean", Load(submissions=100_000, events=5, record_bytes=4_000)),
    Case(_ONE_FULL, "lean", _SMALL, shards=4, neighbour=900, max_in_flight=50_000),
)


@report.asked
def main(quick: bool, record: bool) -> None:
    """More is offered than the shards take: what comes through, what is refused, and what that costs."""
    os.environ |= CREDENTIALS
    measured: dict[Case, list[Outcome]] = {case: [] for case in CASES}
    rounds, warm_up_seconds, window_seconds = (1, 0.5, 0.5) if quick else (2, 1.0, 1.5)
    for case in track([*CASES] * rounds, "shard limit", transient=True):
        measured[case].append(measure(case, warm_up_seconds, window_seconds))
    rows = [_row(case, outcomes) for case, outcomes in measured.items()]
    targets = [target for case, outcomes in measured.items() for target in _targets(case, outcomes)]
    report.present(FOLDER, QUESTION, COMMAND, rows, targets, record, interpreters()[0].version)
    if record:
        _plot(rows)


def _row(case: Case, outcomes: Sequence[Outcome]) -> Row:
    windows = [outcome.window for outcome in outcomes]
    return {
        "case": case.name,
        "transport": case.transport,
        "limit_events_per_second": case.limit,
        "events_per_second": Spread.of(outcome.events_per_second for outcome in outcomes),
        "share_of_the_limit": _share(case, outcomes),
        "refusals_per_event": _refusals(outcomes),
        "cpu_us_per_event": Spread.of(window.cpu_us_per_event for window in windows),
        "events_per_put": Spread.of(window.events_per_put for window in windows).median,
    }


def _targets(case: Case, outcomes: Sequence[Outcome]) -> list[Target]:
    share, refusals = _share(case, outcomes), _refusals(outcomes)
    name = f"{case.name} ({case.transport})"
    return [
        Target(f"{name}: at least {_SHARE:.0%} of the limit", f"{share.median:.1%}", share.median >= _SHARE),
        *(
            []
            if case.neighbour  # whose own refusals are counted as well
            else [Target(f"{name}: under {_REFUSALS} refusals an event", str(refusals), refusals.median < _REFUSALS)]
        ),
    ]


def _share(case: Case, outcomes: Sequence[Outcome]) -> Spread:
    return Spread.of(outcome.events_per_second / case.limit for outcome in outcomes)


def _refusals(outcomes: Sequence[Outcome]) -> Spread:
    return Spread.of(outcome.window.throttled / outcome.window.events for outcome in outcomes)


def _plot(rows: Sequence[Row]) -> None:
    labels = [f"{row['case']}, {row['transport']}" for row in rows]
    shares = {"stored, % of what the shards take": [100 * row["share_of_the_limit"].median for row in rows]}
    plots.bars(FOLDER / "plot.svg", QUESTION, "case", "% of the limit", labels, shares)


if __name__ == "__main__":
    main()
