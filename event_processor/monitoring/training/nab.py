"""Series of the Numenta Anomaly Benchmark: `series.csv.gz` (series, timestamp, value) and `windows.json`.

Its windows hold an anomaly each, and are wider than it: all their buckets count as the incident.
"""

import csv
import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from event_processor.errors import SettingsError
from event_processor.metrics.metric import SeriesId
from event_processor.monitoring.evaluation import Incident
from event_processor.monitoring.training.material import Labelled, Point

_SERIES: Final = "series.csv.gz"
_WINDOWS: Final = "windows.json"


def nab(folder: Path) -> list[Labelled]:
    """All of them. Raises SettingsError if the folder has no such files."""
    try:
        with gzip.open(folder / _SERIES, "rt", encoding="utf-8") as file:
            points = _points(csv.DictReader(file))
        windows = json.loads((folder / _WINDOWS).read_text(encoding="utf-8"))
        return [
            Labelled(name, SeriesId("nab", name), _seconds(found), found, list(_incidents(windows.get(name, []))))
            for name, found in sorted(points.items())
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zlib.error, csv.Error) as error:
        raise SettingsError(f"--data: {folder}: {type(error).__name__}: {error}; allowed: a folder with "
                            f"{_SERIES} (series, timestamp, value) and {_WINDOWS}") from None  # fmt: skip


def _points(rows: "csv.DictReader[str]") -> dict[str, list[Point]]:
    """In the order of time, the last of a time."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for row in rows:
        found[row["series"]][_time(row["timestamp"])] = float(row["value"])
    return {name: [Point(start, value) for start, value in sorted(each.items())] for name, each in found.items()}


def _seconds(points: list[Point]) -> int:
    """How far apart they are, mostly."""
    apart = [after.start - before.start for before, after in pairwise(points)]
    return int(median(apart)) if apart else 300


def _incidents(windows: list[list[str]]) -> Iterator[Incident]:
    for start, end in windows:
        yield Incident(_time(start), _time(end))


def _time(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
