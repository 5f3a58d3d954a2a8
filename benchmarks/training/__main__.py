"""CPU and memory of training, and of scoring a point: `python -m benchmarks.training`."""

import math
import random
import resource
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import report
from benchmarks.report import Row, Target
from event_processor.metrics.metric import SeriesId
from event_processor.monitoring.evaluation import Incident
from event_processor.monitoring.model import Model
from event_processor.monitoring.training import promotion
from event_processor.monitoring.training.learners import LEARNERS
from event_processor.monitoring.training.material import Labelled, Material, Point, material

QUESTION: Final = "What does it cost to train on 60 daily metrics of 18 months, and to score a point?"
COMMAND: Final = "python -m benchmarks.training"
FOLDER: Final = Path(__file__).parent
_DAY: Final = 86_400
_MIB: Final = 1024 * 1024


@report.asked
def main(quick: bool, record: bool) -> None:
    """Features, the contest of all models (one deal of the series), the promotion; then each model as JSON."""
    started = time.process_time()
    made = [material(_series(str(number), 200 if quick else 548)) for number in range(6 if quick else 60)]
    features = time.process_time() - started
    promotion.hold(made, (0,))
    trained = time.process_time() - started
    unit = _MIB if sys.platform == "darwin" else 1024
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    rows: list[Row] = [
        {"what": "features", "cpu_seconds": features, "memory_mib": memory},
        {"what": "all models, trained and held against each other", "cpu_seconds": trained - features},
    ]
    slowest = 0.0
    for name in LEARNERS:
        milliseconds = _scored(name, made)
        slowest = max(slowest, milliseconds)
        rows.append({"what": f"a point scored: {name}", "cpu_ms": milliseconds})
    targets = [
        Target("60 metrics of 18 months trained in 20 s", f"{trained:.1f} s of CPU", trained < 20),
        Target("with 400 MB", f"{memory:.0f} MiB", memory < 400),
        Target("a point scored in 20 ms", f"{slowest:.2f} ms", slowest < 20),
    ]
    report.present(FOLDER, QUESTION, COMMAND, rows, targets, record)


def _series(name: str, days: int) -> Labelled:
    chance = random.Random(name)
    values = [1_000 + 200 * math.sin(day / 7 * 2 * math.pi) + chance.gauss(0, 50) for day in range(days)]
    faults = range(100, days - 3, 90)
    for place in faults:
        values[place] *= chance.choice((0.2, 3.0))
    points = [Point(day * _DAY, round(value), round(value)) for day, value in enumerate(values)]
    incidents = [Incident(place * _DAY, place * _DAY) for place in faults]
    return Labelled(name, SeriesId("orders", "records", (("of", name),)), _DAY, points, incidents)


def _scored(name: str, made: list[Material]) -> float:
    rows = [row for each in made[:2] for row in each.rows[each.examples].tolist()]
    labels = np.concatenate([each.labels for each in made[:2]])
    fitted = LEARNERS[name](np.array(rows), labels, np.ones(len(rows)))
    model = Model.from_json({**fitted.document, "threshold": 0.5})
    started = time.process_time()
    for row in rows:
        model.score(row)
    return 1_000 * (time.process_time() - started) / len(rows)


if __name__ == "__main__":
    main()
