"""A monitor without its process: metrics of many series, minute by minute, with a state on disk and no channel."""

import math
import random
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from event_processor.consuming.records import Batch, StreamRecord
from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.evaluator import Evaluator
from event_processor.monitoring.given import Giving
from event_processor.monitoring.monitor import Monitor, Terms
from event_processor.monitoring.saving import Stores
from event_processor.monitoring.silence import Tide
from event_processor.monitoring.state import PROCESS, StateStore
from event_processor.monitoring.told import Teller
from event_processor.notices.notice import Key, Notice
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.telling import FanOut
from event_processor.testing import ManualClock, MemoryRejects

START: Final = datetime(2026, 1, 5, tzinfo=UTC)
_BATCH: Final = 1000
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Measured:
    """Of some minutes: CPU seconds for each, the longest turn of the clock on the wall, findings, and memory then."""

    cpu_seconds: float
    longest_turn_seconds: float
    incidents: int
    memory_bytes: int
    state_bytes: int


class _Stream:
    """See Reading."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def next(self, timeout_seconds: float) -> Batch | None:  # noqa: ARG002 - nobody waits
        return self.batches.pop(0) if self.batches else None

    def done(self, batch: Batch) -> None:
        """Its checkpoint may move."""

    def stop(self) -> None:
        """Nobody reads any more."""

    def close(self, seconds: float) -> bool:  # noqa: ARG002 - nothing is to be written
        return True


class _Nobody:
    """See LastingNotices; counts."""

    def __init__(self) -> None:
        self.told: set[Key] = set()

    def tell(self, notice: Notice) -> None:
        self.told.add(notice.key)

    def recovered(self, key: Key) -> None:
        """Nobody hears."""

    def remember(self, notice: Notice, ago_seconds: Mapping[str, float]) -> None:
        """Nobody has heard."""


class Run:
    """So many series, in that folder."""

    def __init__(self, series: int, folder: Path, seed: int = 1) -> None:
        self._random, self._folder = random.Random(seed), folder
        self._series = [SeriesId.of(f"dataset_{number % 50}", f"metric_{number}") for number in range(series)]
        self._levels = [self._random.lognormvariate(5, 1) for _ in range(series)]
        self._clock, self._stream, self._nobody = ManualClock(START), _Stream(), _Nobody()
        self._tide, self._minute = Tide(self._clock), 0
        objects, observer = DirectoryObjects(folder), FanOut()
        teller = Teller(self._nobody, None)
        giving = Giving(objects, observer)
        self._monitor = Monitor(
            reader=self._stream,
            evaluator=Evaluator("quality-metrics", series, teller, self._clock, observer),
            stores=Stores(StateStore(objects, PROCESS), MemoryRejects()),
            given=lambda: giving.current,
            tide=self._tide,
            terms=Terms("quality-metrics"),
            clock=self._clock,
            observer=observer,
        )
        self._monitor.load(())

    def minutes(self, number: int) -> Measured:
        """Judge and store so many."""
        cpu, longest = 0.0, 0.0
        for _ in range(number):
            self._clock.advance(_MINUTE)
            records = self._records()
            batches = (records[at : at + _BATCH] for at in range(0, len(records), _BATCH))
            self._stream.batches = [Batch("shard", batch, 0, len(batch) * 200) for batch in batches]
            self._tide.lag("shard", 0)
            started_cpu = time.process_time()
            while True:
                started = time.perf_counter()
                self._monitor.turn()
                longest = max(longest, time.perf_counter() - started)
                if not self._stream.batches and not self._monitor.is_saving:
                    break
            cpu += time.process_time() - started_cpu
        state = sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())
        return Measured(cpu / number, longest, len(self._nobody.told), _resident(), state)

    def _records(self) -> Sequence[StreamRecord]:
        """By the day, with noise, and now and then something odd."""
        start = int(START.timestamp()) + self._minute * _MINUTE
        self._minute += 1
        wave = 1 + 0.5 * math.sin(2 * math.pi * (start % 86_400) / 86_400)
        records = []
        for series, level in zip(self._series, self._levels, strict=True):
            odd = 10.0 if self._random.random() < 1e-5 else 1.0
            value = round(level * wave * odd * self._random.gauss(1, 0.1), 3)
            metric = Metric(series, start, _MINUTE, value, 100)
            records.append(StreamRecord(str(start), series.key, self._clock.now(), metric.to_json()))
        return records


def _resident() -> int:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * resource.getpagesize()
