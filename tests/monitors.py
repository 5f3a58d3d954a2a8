"""A monitor with everything around it in memory: a stream and a state that survive crashes, and one channel."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from event_processor.bootstrap.monitor_parts import WINDOWS
from event_processor.consuming.records import StreamRecord
from event_processor.errors import CallFailed
from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring import evaluator, tracked
from event_processor.monitoring.evaluator import Evaluator
from event_processor.monitoring.finding import Finding, finding_id
from event_processor.monitoring.given import Giving
from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.labels import Label, LabelState
from event_processor.monitoring.monitor import Monitor, Terms
from event_processor.monitoring.ports import ABSENT
from event_processor.monitoring.saving import Stores
from event_processor.monitoring.series import Evaluation, Series
from event_processor.monitoring.silence import Tide
from event_processor.monitoring.state import PROCESS, StateStore, newest
from event_processor.monitoring.told import Teller
from event_processor.monitoring.tracked import Tracked
from event_processor.notices.grouping import Grouping
from event_processor.notices.notice import Key, Message, Notice
from event_processor.testing import ManualClock, MemoryRejects, RecordingObserver
from tests.inspecting import MemoryReading

START = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
MINUTE = 60
SHARD = "shardId-000000000000"
WRONG = 1000.0
"""From this value on a metric is wrong, by the rule that tests put into the place of the detectors."""


class RuledSeries(Series):
    """A series that finds what is too high, and nothing else."""

    def evaluate(self, metric: Metric, *given: Any) -> Evaluation | None:
        """See Series."""
        evaluation = super().evaluate(metric, *given)
        if evaluation is None:
            return None
        finding = _too_high(metric) if (metric.value or 0) >= WRONG else None
        return replace(evaluation, finding=finding)


def _too_high(metric: Metric) -> Finding:
    return Finding(
        id=finding_id(metric.series, metric.bucket_start, "baseline"),
        series=metric.series,
        bucket_start=metric.bucket_start,
        bucket_seconds=metric.bucket_seconds,
        value=metric.value,
        expected=10.0,
        low=5.0,
        high=15.0,
        score=5.0,
        detector="baseline",
        reasons=(f"{metric.value:g} at {metric.bucket_start}, expected 10",),
        severity="warning",
    )


@pytest.fixture
def by_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Series find what is at WRONG or above."""
    ruled()(monkeypatch)


def ruled() -> Callable[[pytest.MonkeyPatch], None]:
    """For tests that have no fixtures."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(evaluator, "Series", RuledSeries)
        monkeypatch.setattr(tracked, "Series", RuledSeries)

    return patch


class MemoryFiles:
    """See Files. `is_down`: nothing succeeds."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.is_down = False

    def put(self, name: str, content: bytes) -> None:
        """See Files."""
        self._fail()
        self.content[name] = content

    def put_new(self, name: str, content: bytes) -> bool:
        """See Files."""
        self._fail()
        return self.content.setdefault(name, content) == content

    def get(self, name: str) -> bytes:
        """See Files."""
        self._fail()
        if name not in self.content:
            raise CallFailed("get_object", ABSENT, name)
        return self.content[name]

    def names(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """See Files."""
        self._fail()
        return iter(sorted(name for name in self.content if name.startswith(prefix) and name > after))

    def delete(self, name: str) -> None:
        """See Files."""
        self.content.pop(name, None)

    def _fail(self) -> None:
        if self.is_down:
            raise CallFailed("put_object", "Down", "for a test")


class OneChannel:
    """See LastingNotices: what one channel tells people, by the clock of the test, whenever somebody looks."""

    name = "slack"

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._grouping = Grouping(WINDOWS)
        self.is_down = False

    def tell(self, notice: Notice) -> None:
        """See Notices."""
        self._grouping.add(notice, self._clock.monotonic())

    def recovered(self, key: Key) -> None:
        """See Notices."""
        self._grouping.recovered(key)

    def remember(self, notice: Notice, ago_seconds: Mapping[str, float]) -> None:
        """See LastingNotices."""
        if (ago := ago_seconds.get(self.name)) is not None:
            self._grouping.remember(notice, self._clock.monotonic(), ago)

    def send(self) -> Message | None:
        """The message of now, if there is one, accepted."""
        message = None if self.is_down else self._grouping.take(self._clock.monotonic(), self._clock.now())
        self._grouping.sent()
        return message


def metric(
    number: int, value: float | None = 10.0, name: str = "rows", revision: int = 0, dataset: str = "orders"
) -> Metric:
    """Of the minute of that number."""
    start = int(START.timestamp()) + number * MINUTE
    return Metric(SeriesId(dataset, name), start, MINUTE, value, 1, True, revision)


def arrived(data: Metric | bytes, after: float = 1.0) -> StreamRecord:
    """The record of a metric, so many seconds after the end of its bucket."""
    if isinstance(data, bytes):
        return StreamRecord("0", "key", START, data)
    end = data.bucket_start + data.bucket_seconds + after
    return StreamRecord(str(data.bucket_start), data.series.key, datetime.fromtimestamp(end, UTC), data.to_json())


class Scene:
    """Puts metrics on a stream, and has a monitor judge them; `kill` leaves what is durable and nothing else."""

    def __init__(self, most_series: int = 1000, full_bytes: int = 8 * 1024 * 1024) -> None:
        self.clock, self.full_bytes = ManualClock(START), full_bytes
        self.files, self.rejects, self.most_series = MemoryFiles(), MemoryRejects(), most_series
        self.records: list[StreamRecord] = []
        self.reading = MemoryReading({SHARD: self.records}, batch=50)
        self.messages: list[Message] = []
        self.begin()

    def begin(self) -> None:
        """A process."""
        clock, self.observer = self.clock, RecordingObserver()
        self.channel = OneChannel(clock)
        teller = Teller(self.channel, "http://status.example")
        self.tide = Tide(clock)
        self.giving = Giving(self.files, self.observer)
        self.giving.look()
        state = StateStore(self.files, PROCESS)
        self.monitor = Monitor(
            reader=self.reading,
            evaluator=Evaluator("quality-metrics", self.most_series, teller, clock, self.observer),
            stores=Stores(state, self.rejects),
            given=lambda: self.giving.current,
            tide=self.tide,
            terms=Terms("quality-metrics", self.full_bytes),
            clock=clock,
            observer=self.observer,
        )
        self.monitor.load(*newest(state.load(), state.others()))

    def kill(self) -> None:
        """Kill -9, and the next process."""
        self.reading = self.reading.again()
        self.begin()

    def put(self, *data: Metric | bytes) -> None:
        """These arrive now."""
        self.records += [
            arrived(each)._replace(arrived=self.clock.now(), sequence=str(len(self.records))) for each in data
        ]

    def minute(self, number: int, *data: Metric | bytes) -> None:
        """It is just after the end of that minute, and these arrive."""
        self.until(number)
        self.put(*data)
        self.turns()

    def until(self, number: float) -> None:
        """Wait until just after the end of that minute."""
        end = START + timedelta(minutes=number + 1, seconds=1)
        while self.clock.now() < end:
            self.clock.advance(min(10.0, (end - self.clock.now()).total_seconds()))
            self.turns(1)

    def turns(self, most: int = 10) -> None:
        """Let the monitor work, and the channel; nobody is behind."""
        for _ in range(most):
            self.tide.lag(SHARD, 0)
            self.monitor.turn()
            if (message := self.channel.send()) is not None:
                self.messages.append(message)
                self.monitor.evaluator.teller.notified(self.channel.name, message)

    def settle(self) -> None:
        """Wait until everything is told and stored."""
        for _ in range(3):
            self.clock.advance(6.0)
            self.turns()

    def label(self, series: str, first: int, last: int, state: LabelState) -> None:
        """The minutes of these numbers."""
        start = int(START.timestamp())
        times = start + first * MINUTE, start + (last + 1) * MINUTE
        LabelStore(self.files).add([Label(series, *times, state, "ada", "", start)])
        self.giving.look()

    @property
    def told(self) -> list[tuple[str, str]]:
        """Each entry of each message: its state, and the series."""
        return [(entry.state.value, entry.notice.pointer) for message in self.messages for entry in message.entries]

    @property
    def open(self) -> Sequence[str]:
        """The series with an open incident."""
        found: list[Tracked] = list(self.monitor.evaluator.tracked.values())
        return sorted(each.key for each in found if each.incidents.open is not None)

    @property
    def is_done(self) -> bool:
        """Whether the checkpoint is at the end."""
        return self.reading.checkpoints[SHARD] == len(self.records)
