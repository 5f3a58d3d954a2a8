"""Ours and two other doors, singly and in batches, in turns: `python -m benchmarks.gateway [--quick] [--record]`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.progress import track

from benchmarks import report
from benchmarks.gateway.contenders import EARLY, NAIVE, OURS
from benchmarks.gateway.measure import Case, Window, lost_by_kill, window
from benchmarks.report import Row, Spread, Target

QUESTION: Final = "How many records a second does a core take at the HTTP door, how soon are they answered, and safe?"
COMMAND: Final = "python -m benchmarks.gateway"
FOLDER: Final = Path(__file__).parent
_LEAST_SINGLY: Final = 5_000
_LEAST_IN_BATCHES: Final = 15_000
_MOST_MILLISECONDS: Final = 60
_MIB: Final = 1024 * 1024
SINGLY, IN_BATCHES = Case(OURS), Case(OURS, is_batch=True)
HALF_SINGLY: Final = Case(OURS, records_per_second=_LEAST_SINGLY / 2)
HALF_IN_BATCHES: Final = Case(OURS, is_batch=True, records_per_second=_LEAST_IN_BATCHES / 2)
LINGERS: Final = tuple(replace(case, linger_ms=ms) for case in (SINGLY, HALF_SINGLY) for ms in (0.0, 5.0, 10.0))
CASES: Final = (
    SINGLY,
    Case(NAIVE),
    Case(EARLY),
    IN_BATCHES,
    Case(EARLY, is_batch=True),
    HALF_SINGLY,
    HALF_IN_BATCHES,
    *LINGERS,
)
KILLED: Final = (Case(OURS), Case(NAIVE), Case(EARLY))


@report.asked
def main(quick: bool, record: bool) -> None:
    """64 connections that send as soon as they are answered, or at half load; and each door killed under load."""
    rounds, seconds, warm_up_seconds = (1, 0.5, 0.3) if quick else (1, 2.0, 0.7)
    cases, killed = ((SINGLY, Case(NAIVE)), KILLED[-1:]) if quick else (CASES, KILLED)
    measured: dict[Case, list[Window]] = {case: [] for case in cases}
    lost: dict[str, list[int]] = {case.door.name: [] for case in KILLED}
    for _ in range(rounds):
        for case in track(cases, "doors", transient=True):
            measured[case].append(window(case, seconds, warm_up_seconds))
        for case in killed:
            lost[case.door.name].append(lost_by_kill(case, warm_up_seconds))
    rows = [_row(case, windows, lost[case.door.name]) for case, windows in measured.items()]
    report.present(FOLDER, QUESTION, COMMAND, rows, [] if quick else targets(measured, lost), record)


def _row(case: Case, windows: list[Window], lost: list[int]) -> Row:
    is_full = not case.records_per_second
    how = f"{case.records} a request" if case.is_batch else "singly"
    linger = "" if case.linger_ms is None else f", linger {case.linger_ms:g} ms"

    def spread(value: Callable[[Window], float]) -> Spread:
        return Spread.of(map(value, windows))

    return {
        "door": case.door.name,
        "load": f"{'full' if is_full else 'half'}, {how}{linger}",
        "records_per_second": spread(lambda each: each.records_per_second),
        "cpu_us_per_record": spread(lambda each: each.cpu_us_per_record),
        "median_ms": spread(lambda each: each.median_ms),
        "p99_ms": spread(lambda each: each.p99_ms),
        "not_200": sum(each.faults for each in windows),
        "lost_by_kill": Spread.of(lost) if lost and case in KILLED else None,
        "peak_mib": spread(lambda each: each.peak_bytes / _MIB),
        "core_share": spread(lambda each: each.cpu_seconds / each.seconds).median,
        "other_core_share": spread(lambda each: each.other_core_share).median,
    }


def targets(measured: dict[Case, list[Window]], lost: dict[str, list[int]]) -> list[Target]:
    """The bounds that were set before."""
    singly, in_batches = (
        Spread.of(each.records_per_second for each in measured[case]) for case in (SINGLY, IN_BATCHES)
    )
    slow = {
        name: Spread.of(each.p99_ms for each in measured[case])
        for name, case in (("singly", HALF_SINGLY), ("in batches", HALF_IN_BATCHES))
    }
    refused = sum(each.faults for case in (SINGLY, IN_BATCHES, HALF_SINGLY, HALF_IN_BATCHES) for each in measured[case])
    return [
        Target(f"at least {_LEAST_SINGLY:,} records a second singly", str(singly), singly.median >= _LEAST_SINGLY),
        Target(
            f"at least {_LEAST_IN_BATCHES:,} records a second in batches of {IN_BATCHES.records}",
            str(in_batches),
            in_batches.median >= _LEAST_IN_BATCHES,
        ),
        Target(
            f"p99 below {_MOST_MILLISECONDS} ms at half of that",
            ", ".join(f"{name} {each} ms" for name, each in slow.items()),
            max(each.median for each in slow.values()) < _MOST_MILLISECONDS,
        ),
        Target(
            "every request answered 200, and of those none lost when the door is killed",
            f"{refused} otherwise, {max(lost[OURS.name])} lost",
            refused == 0 and max(lost[OURS.name]) == 0,
        ),
    ]


if __name__ == "__main__":
    main()
