"""CPU per body for each hostile shape, doubling its size up to 1 MiB: `python -m benchmarks.hostile [--record]`."""

import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any, Final

from benchmarks import report
from event_processor.submissions.verdicts import verdicts
from tests.property.hostile import SHAPES
from tests.unit.samples import RECEIVED_AT, RULES, delivery

FOLDER: Final = Path(__file__).parent
QUESTION: Final = "How much CPU can one hostile body cost, and does the cost grow faster than the body?"
COMMAND: Final = "python -m benchmarks.hostile"
SIZES_BYTES: Final = tuple(2**power for power in range(14, 21))
QUICK_BYTES: Final = (2**14, 2**15, 2**16)
_STEEPEST: Final = 1.2
_SLOWEST_SECONDS: Final = 10.0  # a body must not come near to a visibility timeout


@report.asked
def main(quick: bool, record: bool) -> None:
    """CPU per body, and the exponent of its growth: 1 when twice the size costs twice, 2 when four times."""
    sizes_bytes, rounds = (QUICK_BYTES, 1) if quick else (SIZES_BYTES, 2)
    rows = [_row(name, shape, sizes_bytes, rounds) for name, shape in SHAPES.items()]
    rows.sort(key=lambda row: -row["cpu_ns_per_byte"])
    report.present(FOLDER, QUESTION, COMMAND, rows, _targets(rows, sizes_bytes[-1] // 1024), record)


def _row(name: str, shape: Callable[[int], str], sizes_bytes: Sequence[int], rounds: int) -> dict[str, Any]:
    costs: list[float] = []
    for size in sizes_bytes:
        costs.append(min(_cpu_seconds(shape(size)) for _ in range(rounds)))
        if costs[-1] > _SLOWEST_SECONDS / 2:
            break  # the next would be over
    return {
        "shape": name,
        "largest_kib": sizes_bytes[len(costs) - 1] // 1024,
        "cpu_ms": costs[-1] * 1000,
        "cpu_ns_per_byte": costs[-1] / sizes_bytes[len(costs) - 1] * 1e9,
        "exponent": _exponent(sizes_bytes[: len(costs)], costs),
    }


def _cpu_seconds(body: str) -> float:
    """For all verdicts on a body, each dropped at once as the processor does after a batch."""
    message = delivery(body)
    start = process_time()
    for _ in verdicts(message.body, message.origin, RULES, RECEIVED_AT):
        pass
    return process_time() - start


def _exponent(sizes_bytes: Sequence[int], costs: Sequence[float]) -> float:
    """The slope of cost over size, both in logarithms, of the upper half: below it the fixed cost rules."""
    half = (len(sizes_bytes) - 1) // 2
    return statistics.linear_regression(
        [math.log(size) for size in sizes_bytes[half:]], [math.log(cost) for cost in costs[half:]]
    ).slope


def _targets(rows: Sequence[report.Row], largest_kib: int) -> list[report.Target]:
    steepest = max(rows, key=lambda row: row["exponent"])
    return [
        report.Target(
            f"no cost grows with more than the size to the power of {_STEEPEST}",
            f"{steepest['exponent']:.2f}, {steepest['shape']}",
            steepest["exponent"] <= _STEEPEST,
        ),
        report.Target(
            f"no body of {largest_kib:,} KiB takes {_SLOWEST_SECONDS:.0f} s",
            f"{rows[0]['cpu_ms'] / 1000:.2f} s for {rows[0]['largest_kib']:,} KiB, {rows[0]['shape']}",
            rows[0]["largest_kib"] == largest_kib and rows[0]["cpu_ms"] < _SLOWEST_SECONDS * 1000,
        ),
    ]


if __name__ == "__main__":
    main()
