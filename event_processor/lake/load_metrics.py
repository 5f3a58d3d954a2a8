"""Metrics of what was loaded, and those that a question to the warehouse makes. On the thread that loads.

A question is asked when a bucket of a stream is complete in the warehouse and something of it was loaded, never else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from event_processor.errors import CallFailed
from event_processor.lake.buckets import Sum
from event_processor.lake.loading import time
from event_processor.lake.measuring import Followed
from event_processor.lake.ports import LakeObserver, LoadOutcome, Warehouse
from event_processor.lake.ranges import LogEntry
from event_processor.metrics.metric import KEY_CHARACTERS, Metric, SeriesId
from event_processor.metrics.outlet import STEP
from event_processor.telling import FanOut, attempt

_MOST_ROWS: Final = 100
"""Of the answer to one question: each is a metric."""
_MOST_OUTCOMES: Final = 1000
_MOST_BUCKETS: Final = 60  # told together
ASK: Final = "sql_metrics"


@dataclass(frozen=True, slots=True)
class SqlMetric:
    """A question about the tables of a stream. `sql` has `{start}` and `{end}` where the bounds of the bucket belong.

    It answers with a column `value`; `n`, how many rows it was made of, if it likes; all others are dimensions.
    """

    name: str
    sql: str

    def question(self, start: int, seconds: int) -> str:
        """About one bucket. At most one row more than is used."""
        since, until = (time(datetime.fromtimestamp(each, UTC)) for each in (start, start + seconds))
        asked = self.sql.replace("{start}", since).replace("{end}", until)
        return f"SELECT * FROM ({asked}\n) q LIMIT {_MOST_ROWS + 1}"  # noqa: S608 - the operator's own question

    def metrics(self, names: Sequence[str], rows: Sequence[Sequence[Any]], bucket: Metric) -> list[Metric]:
        """Of the rows of an answer, in the bucket of that one. Raises CallFailed if there is no number in it."""
        if "value" not in names:
            raise CallFailed(ASK, "NoValue", f"{self.name}: answers with {', '.join(names)}, and no column `value`")
        found = []
        for row in rows[:_MOST_ROWS]:
            cells = dict(zip(names, row, strict=True))
            value, n = cells.pop("value"), cells.pop("n", None)
            dimensions = {name: "(none)" if cell is None else str(cell)[:60] for name, cell in cells.items()}
            series = SeriesId.of(bucket.series.dataset, self.name, **dimensions)
            if len(series.key) > KEY_CHARACTERS:
                raise CallFailed(ASK, "LongKey", f"{self.name}: more than {KEY_CHARACTERS} characters of dimensions")
            try:
                number, count = None if value is None else float(value), 1 if n is None else int(n)
            except (TypeError, ValueError):
                raise CallFailed(ASK, "NoNumber", f"{self.name}: `value` or `n` is not a number") from None
            found.append(
                Metric(series, bucket.bucket_start, bucket.bucket_seconds, number, count, True, bucket.revision)
            )
        return found


class Loads:
    """Of all streams but the one of metrics; see Loader, which tells it of each load, and when there is no more."""

    def __init__(
        self, streams: Mapping[str, Followed], questions: Mapping[str, Sequence[SqlMetric]], observer: LakeObserver
    ) -> None:
        """`questions` by stream."""
        self._streams, self._questions = streams, questions
        self._observer: LakeObserver = FanOut(observer)
        self._outcomes: dict[tuple[str, str, int], tuple[LoadOutcome, float]] = {}

    def loaded(self, entry: LogEntry, outcome: LoadOutcome, age_seconds: float) -> None:
        """See LakeObserver. What does not fit is asked of the warehouse."""
        if entry.stream in self._streams and len(self._outcomes) < _MOST_OUTCOMES:
            self._outcomes[entry.stream, entry.shard, entry.number] = outcome, age_seconds

    def turn(self, warehouse: Warehouse, loaded: Mapping[str, Mapping[str, int]]) -> None:
        """Tell what is complete of what is loaded: the number of the newest entry, by stream and shard."""
        for stream, followed in self._streams.items():
            attempt(self._observer, STEP, lambda: self._follow(followed, warehouse, loaded.get(stream, {})))  # noqa: B023

    def _follow(self, followed: Followed, warehouse: Warehouse, loaded: Mapping[str, int]) -> None:
        """Some buckets at a time: those behind them wait until these are sent."""
        if not followed.log.opened.is_set():
            return
        ledger = followed.ledger
        ledger.open(followed.log.began)
        ledger.keep()
        if ledger.to_send:
            return
        metrics = list[Metric]()
        for _ in range(_MOST_BUCKETS):
            before = len(metrics)
            for start, bucket in ledger.book.due(self._count(followed, warehouse, loaded)):
                of_bucket = list(followed.telling.of_loads(start, bucket))
                metrics += of_bucket
                metrics += self._asked(warehouse, bucket, of_bucket[0])
            if len(metrics) == before:
                break
        if metrics:
            ledger.tell(metrics)

    def _count(self, followed: Followed, warehouse: Warehouse, loaded: Mapping[str, int]) -> float | None:
        book, moment = followed.ledger.book, followed.horizon()
        newest = followed.log.newest()
        horizon = None if moment is None else moment.timestamp()
        for shard, number in newest.items():
            until = min(number, loaded.get(shard, 0))
            while book.counted.get(shard, 0) < until and not book.is_ahead(shard):
                entry = followed.log.entry(shard, book.counted.get(shard, 0) + 1)
                book.loaded(entry, *self._outcome(entry, warehouse))
            if book.counted.get(shard, 0) < number:
                passed = book.passed.get(shard, 0.0)
                horizon = passed if horizon is None else min(horizon, passed)
        return horizon

    def _outcome(self, entry: LogEntry, warehouse: Warehouse) -> tuple[LoadOutcome, float | None]:
        """After a restart it is not known how long ago it was loaded; what became of it, the warehouse knows."""
        if not entry.typed():
            return LoadOutcome(0, 0, 0), None
        known = self._outcomes.pop((entry.stream, entry.shard, entry.number), None)
        return known or (warehouse.load([entry])[0], None)

    def _asked(self, warehouse: Warehouse, bucket: Sum, of_bucket: Metric) -> list[Metric]:
        found: list[Metric] = []
        for question in self._questions.get(of_bucket.series.dataset, ()) if sum(bucket.loaded) else ():
            answer = attempt(self._observer, ASK, lambda: self._answer(warehouse, question, of_bucket))  # noqa: B023
            found += [] if isinstance(answer, CallFailed) else answer
        return found

    def _answer(self, warehouse: Warehouse, question: SqlMetric, of_bucket: Metric) -> list[Metric]:
        names, rows = warehouse.ask(question.question(of_bucket.bucket_start, of_bucket.bucket_seconds))
        found = question.metrics(names, rows, of_bucket)
        if len(rows) > _MOST_ROWS:
            detail = f"{question.name}: more than {_MOST_ROWS} rows, of which the first are metrics"
            self._observer.failing(ASK, CallFailed(ASK, "TooManyRows", detail))
        return found
