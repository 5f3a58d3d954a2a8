"""Log lines and metrics of ranges: into the lake, and from there into the warehouse."""

import threading
from collections.abc import Iterable
from typing import Final

import structlog

from event_processor.lake.ports import LoadOutcome
from event_processor.lake.ranges import LogEntry
from event_processor.telemetry.logs import places
from event_processor.telemetry.metrics import LONG_SECONDS, CounterSpec, GaugeSpec, HistogramSpec, Metrics
from event_processor.telemetry.progress_line import ProgressLine

ACCEPTED, REJECTED = "accepted", "rejected"

# Fine around the time to flush: between buckets of 10 and 30 s, ages of 10.5 s would be shown as 20.
_AGES: Final = (0.1, 0.5, 1, 2.5, 5, 10, 11, 12.5, 15, 20, 30, 60, 120, 300, 900, 3600)
RANGES: Final = CounterSpec("ranges_total", "Ranges of records written to the lake", ("stream",))
RECORDS: Final = CounterSpec("records_total", "Records in these ranges, by their verdict", ("stream", "verdict"))
BYTES: Final = CounterSpec("file_bytes_total", "Bytes of the files of these ranges", ("stream", "kind"))
AGE: Final = HistogramSpec(
    "stored_age_seconds", "Seconds from the arrival of a range's oldest record to its log entry", buckets=_AGES
)
WAITING: Final = GaugeSpec("waiting_bytes", "Bytes of records that wait for others to go into the lake", ("stream",))
UNJUDGED: Final = GaugeSpec(
    "records_unjudged", "Records that wait for the registry of contracts to be read", ("stream",)
)
BROKEN: Final = CounterSpec("records_broken_total", "Records on which our own code failed, which became rejects")
SWEPT: Final = CounterSpec("files_swept_total", "Files of an earlier delivery that no log entry names, moved to swept/")
UNPLANNED: Final = CounterSpec(
    "unplanned_fields_total", "Fields of accepted records that their contracts do not name", ("stream",)
)
_MOST_TOLD: Final = 1000  # a sender can invent any number of names
LOADED: Final = CounterSpec(
    "rows_loaded_total", "Rows of loaded ranges: new, repeats of rows, or in conflict with one", ("stream", "outcome")
)
LOAD_SECONDS: Final = HistogramSpec(
    "load_seconds", "Duration of loads, each of one or more ranges", buckets=LONG_SECONDS
)
FRESHNESS: Final = HistogramSpec(
    "loaded_age_seconds",
    "Seconds from the arrival of a range's oldest record until it was in the warehouse",
    buckets=_AGES,
)
TO_LOAD: Final = GaugeSpec("ranges_to_load", "Ranges in the lake that are not in the warehouse yet", ("stream",))
MEASURED: Final = CounterSpec("metrics_sent_total", "Metrics about delivered records, put on METRICS_STREAM")
UNCOUNTED: Final = CounterSpec(
    "records_unmeasured_total", "Records that came too late to be counted in a metric", ("stream",)
)


class DeliveryTelemetry:
    """The part of LakeObserver that is not a step. `newest` has the last range of each stream."""

    def __init__(self, metrics: Metrics, progress: ProgressLine, streams: Iterable[str]) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics, self._progress = metrics, progress
        self._lock = threading.Lock()
        self._newest: dict[str, LogEntry] = {}
        self._unplanned: set[tuple[str, str]] = set()
        for stream in streams:
            metrics.counter(RANGES).labels(stream)
            metrics.counter(UNPLANNED).labels(stream)
            metrics.counter(UNCOUNTED).labels(stream)
            for verdict in (ACCEPTED, REJECTED):
                metrics.counter(RECORDS).labels(stream, verdict)
            for outcome in LoadOutcome._fields:
                metrics.counter(LOADED).labels(stream, outcome)
            for gauge in (WAITING, UNJUDGED, TO_LOAD):
                metrics.gauge(gauge).labels(stream)

    @property
    def newest(self) -> dict[str, LogEntry]:
        """The entry written last, by stream."""
        with self._lock:
            return dict(self._newest)

    def gathering(self, stream: str, records: int, size_bytes: int, unjudged: int) -> None:  # noqa: ARG002 - bytes count
        self._metrics.gauge(WAITING).labels(stream).set(size_bytes)
        self._metrics.gauge(UNJUDGED).labels(stream).set(unjudged)

    def logged(self, entry: LogEntry, age_seconds: float) -> None:
        with self._lock:
            self._newest[entry.stream] = entry
        metrics = self._metrics
        metrics.histogram(AGE).observe(age_seconds)
        metrics.counter(RANGES).labels(entry.stream).inc()
        metrics.counter(RECORDS).labels(entry.stream, ACCEPTED).inc(entry.rows)
        metrics.counter(RECORDS).labels(entry.stream, REJECTED).inc(entry.rejects)
        for file in entry.files:
            metrics.counter(BYTES).labels(entry.stream, file.kind).inc(file.bytes)
        self._progress.add("ranges", 1)
        self._progress.add("records", entry.records)

    def loaded(self, entry: LogEntry, outcome: LoadOutcome, age_seconds: float) -> None:
        self._metrics.histogram(FRESHNESS).observe(age_seconds)
        for name, number in outcome._asdict().items():
            self._metrics.counter(LOADED).labels(entry.stream, name).inc(number)
        self._progress.add("loaded", outcome.rows)
        if outcome.conflicts:
            text = "rows whose id the table has with other values: they are rejects, id_conflict"
            self._log.warning(text, stream=entry.stream, shard=entry.shard, range=entry.number, rows=outcome.conflicts)

    def unplanned(self, stream: str, subject: str, pointer: str, values: int) -> None:
        """Each field is logged once; the metric goes on."""
        self._metrics.counter(UNPLANNED).labels(stream).inc(values)
        with self._lock:
            is_new = (subject, pointer) not in self._unplanned and len(self._unplanned) < _MOST_TOLD
            if is_new:
                self._unplanned.add((subject, pointer))
        if is_new:
            text = "a field that the contract does not name: it is in raw and not in the table"
            self._log.warning(text, stream=stream, subject=subject, pointer=pointer, records=values)

    def load_took(self, entries: int, seconds: float) -> None:  # noqa: ARG002 - how many is in the number of ranges
        self._metrics.histogram(LOAD_SECONDS).observe(seconds)

    def to_load(self, stream: str, ranges: int) -> None:
        self._metrics.gauge(TO_LOAD).labels(stream).set(ranges)

    def swept(self, name: str) -> None:
        self._metrics.counter(SWEPT).inc()
        self._log.warning("file of an earlier delivery that no log entry names: moved to swept/", file=name)

    def measured(self, metrics: int) -> None:
        self._metrics.counter(MEASURED).inc(metrics)

    def uncounted(self, stream: str, records: int) -> None:
        self._metrics.counter(UNCOUNTED).labels(stream).inc(records)

    def broken(self, error: Exception) -> None:
        """The exception's text may hold payload, so only its places are logged."""
        self._metrics.counter(BROKEN).inc()
        self._log.error("bug: a record could not be judged", error=type(error).__name__, places=places(error))
