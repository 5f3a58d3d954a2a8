"""Verdicts on Segment's page event, and on hostile records: `python -m benchmarks.verdicts [--quick] [--record]`."""

import json
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, Final

import fastjsonschema
import jsonschema

from benchmarks import report
from benchmarks.report import Row, Spread, Target
from event_processor.contracts.contract import Contract
from event_processor.contracts.judge import Accepted, Judge
from tests.property.test_hostile_verdicts import HOSTILE, verdict_seconds
from tests.unit.contracts.judging import PAGE, SEGMENT, contract_set

FOLDER: Final = Path(__file__).parent
QUESTION: Final = "How many verdicts does a core give a second, and what can one record cost?"
COMMAND: Final = "python -m benchmarks.verdicts"
VALID: Final = PAGE.replace(b'"x9"', b'"male"').replace(b"3ee0 aa", b"3ee0aa")
RECORDS: Final = {"valid": VALID, "two faults": PAGE}
_LEAST_PER_SECOND: Final = 35_000
_MOST_SECONDS: Final = 0.05

Judging = Callable[[bytes], bool]
"""From the bytes of a record to whether it is valid."""


def contenders() -> dict[str, Judging]:
    """Each reads the record's bytes and judges the document by the same contract."""
    document = json.loads((FOLDER / "page.json").read_text())
    judge, contracts = Judge(SEGMENT), contract_set(Contract.compile(document))
    slow = jsonschema.Draft202012Validator(document, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    first_only = fastjsonschema.compile(document)

    def ours(data: bytes) -> bool:
        return isinstance(judge.judge(data, contracts), Accepted)

    def by_jsonschema(data: bytes) -> bool:
        return not list(slow.iter_errors(json.loads(data)))

    def by_fastjsonschema(data: bytes) -> bool:
        try:
            first_only(json.loads(data))
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True

    return {"ours": ours, "fastjsonschema, first fault only": by_fastjsonschema, "jsonschema": by_jsonschema}


@report.asked
def main(quick: bool, record: bool) -> None:
    """Verdicts a second of CPU, contenders in turns, and the CPU of the costliest verdict."""
    rounds, seconds = (1, 0.05) if quick else (3, 0.4)
    rows = measured(rounds, seconds)
    hostile = {name: min(verdict_seconds(name) for _ in range(1 if quick else 3)) for name in HOSTILE}
    rows += [{"what": f"hostile: {name}", "cpu_ms": cost * 1000} for name, cost in hostile.items()]
    report.present(FOLDER, QUESTION, COMMAND, rows, _targets(rows, hostile), record)


def measured(rounds: int, seconds: float) -> list[dict[str, Any]]:
    """A row for each contender and record."""
    rates: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for name, judging in contenders().items():
            for kind, data in RECORDS.items():
                assert judging(data) is (kind == "valid"), (name, kind)
                rates.setdefault((name, kind), []).append(_per_second(judging, data, seconds))
    return [
        {
            "what": f"{name}: {kind}",
            "verdicts_per_cpu_second": Spread.of(found),
            "cpu_ms": Spread.of(1000 / rate for rate in found),
        }
        for (name, kind), found in rates.items()
    ]


def _per_second(judging: Judging, data: bytes, seconds: float) -> float:
    count, start = 0, process_time()
    while (took := process_time() - start) < seconds:
        for _ in range(100):
            judging(data)
        count += 100
    return count / took


def _targets(rows: list[dict[str, Any]], hostile: dict[str, float]) -> list[Target]:
    ours: Spread = _row(rows, "ours: valid")["verdicts_per_cpu_second"]
    costliest = max(hostile, key=hostile.__getitem__)
    return [
        Target(
            f"at least {_LEAST_PER_SECOND:,} verdicts a second of CPU on a page event of {len(VALID):,} bytes",
            report.number(ours.median),
            ours.median >= _LEAST_PER_SECOND,
        ),
        Target(
            f"no record of a mebibyte costs more than {_MOST_SECONDS * 1000:.0f} ms of CPU",
            f"{hostile[costliest] * 1000:.0f} ms, {costliest}",
            hostile[costliest] <= _MOST_SECONDS,
        ),
    ]


def _row(rows: list[dict[str, Any]], what: str) -> Row:
    return next(row for row in rows if row["what"] == what)


if __name__ == "__main__":
    main()
