"""Can clients of the metrics port delay probes, or the work? `python -m benchmarks.probes`."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.progress import track

from benchmarks import report
from benchmarks.backend import Backend, Conditions, Load
from benchmarks.report import Row, Spread, Target
from benchmarks.run import (
    AT_HAND,
    BACKEND_CORE,
    ChildFailed,
    Window,
    look,
    on_core,
    processor,
    settings,
    warm_up,
)

QUESTION: Final = "Can clients of the metrics port delay probes, or the work?"
COMMAND: Final = "python -m benchmarks.probes"
FOLDER: Final = Path(__file__).parent
MOST_PROBE_SECONDS: Final = 1.0
MOST_LOSS_PERCENT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Case:
    """The clients of the metrics port."""

    name: str
    half_open: int = 0
    pages_per_second: int = 0
    judged: bool = False


CASES: Final = (
    Case("a probe every 0.1 s"),
    Case("1,000 half requests", half_open=1_000),
    Case("200 pages a second", pages_per_second=200),
    Case("both", half_open=1_000, pages_per_second=200, judged=True),
    Case("five times as many pages", half_open=1_000, pages_per_second=1_000),
)


@dataclass(frozen=True, slots=True)
class Round:
    """What one case did, beside a quiet time before it in the same process."""

    quiet: Window
    knocked: Window
    probe_seconds: Sequence[float]
    pages_per_second: float
    failed: int


@report.asked
def main(quick: bool, record: bool) -> None:
    """A processor at full load, and a flood on its metrics port that comes and goes."""
    rounds, seconds = (1, 0.5) if quick else (5, 3.0)
    measured: dict[Case, list[Round]] = {case: [] for case in CASES}
    for case in track(CASES, "probes", transient=True):
        measured[case] = _measure(case, rounds, seconds)
    rows = [_row(case, of_case) for case, of_case in measured.items()]
    targets = [target for case, of_case in measured.items() if case.judged for target in _targets(of_case)]
    report.present(FOLDER, QUESTION, COMMAND, rows, targets, record)


def _measure(case: Case, rounds: int, seconds: float) -> list[Round]:
    with ExitStack() as running:
        log = Path(running.enter_context(TemporaryDirectory())) / "processor.log"
        load = Load(submissions=40_000 + round(rounds * seconds * 20_000), events=5)
        backend = running.enter_context(Backend(load, Conditions(latency_seconds=0.005), BACKEND_CORE))
        child = running.enter_context(processor(AT_HAND, settings(backend, "lean"), log))
        warm_up(backend, [child], 1.0)
        port = _port(log)
        found: list[Round] = []
        for _ in range(rounds):
            quiet = look(backend, [child], seconds)
            with _flood(case, port) as said:
                knocked = look(backend, [child], seconds)
            passed, probes = said["seconds"], said["probe_seconds"]
            found.append(Round(quiet, knocked, probes, said["pages"] / passed, said["failed"]))
        return found


@contextmanager
def _flood(case: Case, port: int) -> Iterator[dict[str, Any]]:
    """Knocks as long as the context lasts; filled in afterwards with what it says."""
    command = [sys.executable, "-m", "benchmarks.probes.flood", str(port)]
    command += [str(case.half_open), str(case.pages_per_second)]
    said: dict[str, Any] = {}
    with on_core(BACKEND_CORE):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        if process.stdout is None or process.stdout.readline() != "flooding\n":
            raise ChildFailed("the flood did not begin")
        begun = time.perf_counter()
        yield said
        said["seconds"] = time.perf_counter() - begun
        said.update(json.loads(process.communicate()[0]))


def _port(log: Path) -> int:
    lines = [json.loads(line) for line in log.read_text().splitlines() if '"listening"' in line]
    return int(lines[0]["port"])


def _row(case: Case, rounds: Sequence[Round]) -> Row:
    return {
        "clients": case.name,
        "cpu_us_per_event": Spread.of(one.knocked.cpu_us_per_event for one in rounds),
        "quiet_cpu_us_per_event": Spread.of(one.quiet.cpu_us_per_event for one in rounds),
        "loss_percent": _loss(rounds),
        "events_per_second": Spread.of(one.knocked.events_per_second for one in rounds),
        "quiet_events_per_second": Spread.of(one.quiet.events_per_second for one in rounds),
        "slowest_probe_ms": Spread.of(1000 * max(one.probe_seconds) for one in rounds),
        "median_probe_ms": Spread.of(1000 * Spread.of(one.probe_seconds).median for one in rounds),
        "pages_per_second": Spread.of(one.pages_per_second for one in rounds).median,
        "pages not answered": sum(one.failed for one in rounds),
    }


def _loss(rounds: Sequence[Round]) -> Spread:
    """By CPU time an event, since a processor at full load has one core and no more: events/s is what is left of it.

    The clients share a core with the back end, so events/s would include what that loses.
    """
    return Spread.of(100 * (1 - one.quiet.cpu_us_per_event / one.knocked.cpu_us_per_event) for one in rounds)


def _targets(rounds: Sequence[Round]) -> Iterator[Target]:
    slowest = max(seconds for one in rounds for seconds in one.probe_seconds)
    yield Target("every probe answered within a second", f"{slowest:.2f} s", slowest < MOST_PROBE_SECONDS)
    loss = _loss(rounds)
    yield Target("the work loses less than 5 %", f"{loss} %", loss.median < MOST_LOSS_PERCENT)


if __name__ == "__main__":
    main()
