"""The metric catalogue: every metric there is, once, typed. The table in the README is made from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.samples import Sample

NAMESPACE: Final = "event_processor"


@dataclass(frozen=True, slots=True)
class CounterSpec:
    """Only rises."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: str = "counter"


@dataclass(frozen=True, slots=True)
class GaugeSpec:
    """As it is now."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: str = "gauge"


@dataclass(frozen=True, slots=True)
class HistogramSpec:
    """How values spread over `buckets`."""

    name: str
    help: str
    buckets: tuple[float, ...]
    labels: tuple[str, ...] = ()
    kind: str = "histogram"


Spec = CounterSpec | GaugeSpec | HistogramSpec

_LONG_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)
_CALL_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)
_WAVE_RECORDS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 300, 400, 500)

RECEIVED: Final = CounterSpec("submissions_received_total", "Messages received from the queue, repeats included")
VALID: Final = CounterSpec("events_valid_total", "Events found sound and taken on to be published")
REJECTS: Final = CounterSpec(
    "rejects_total", "Submissions and events rejected, by the reason of their first fault", ("reason",)
)
PUBLISHED: Final = CounterSpec("events_published_total", "Events that Kinesis acknowledged", ("event_type",))
REFUSED: Final = CounterSpec(
    "records_refused_total", "Records refused inside PutRecords and sent again", ("error_code",)
)
RETRIED: Final = CounterSpec(
    "retries_total", "Calls, or entries of a batch call, tried again", ("operation", "error_code")
)
FAILED: Final = CounterSpec(
    "calls_failed_total", "Calls given up after all their tries; their step goes on", ("step", "error_code")
)
DELETED: Final = CounterSpec("submissions_deleted_total", "Messages deleted, all their events being acknowledged")
NOT_DELETED: Final = CounterSpec(
    "submissions_not_deleted_total", "Finished messages that could not be deleted and will come again"
)
RELEASED: Final = CounterSpec("submissions_released_total", "Messages given back to the queue unfinished", ("reason",))
LOST: Final = CounterSpec(
    "submissions_lost_hold_total", "Messages whose visibility timeout ran out while they were held"
)
VIOLATIONS: Final = CounterSpec("order_violations_total", "Falling sequence numbers within a submission. Must stay 0")
AGE: Final = HistogramSpec("submission_age_seconds", "From SentTimestamp to the last acknowledgement", _LONG_SECONDS)
IN_PROCESS: Final = HistogramSpec("submission_held_seconds", "From receive to the last acknowledgement", _LONG_SECONDS)
HALTED: Final = GaugeSpec("reject_limit_reached", "1 once too much was rejected and nothing more is received; else 0")
LANES: Final = GaugeSpec("lanes_in_flight", "Submissions with events still to be acknowledged")
PACED: Final = GaugeSpec("lanes_paced", "Submissions that wait for nothing but room on their shard")
SUBMISSIONS_LIMIT: Final = GaugeSpec("submissions_in_flight_limit", "Submissions that may be in hand, MAX_IN_FLIGHT")
BYTES: Final = GaugeSpec("bytes_in_flight", "Bodies and records of everything held")
BYTES_LIMIT: Final = GaugeSpec("bytes_in_flight_limit", "Bytes that may be in hand, MAX_IN_FLIGHT_BYTES")
OLDEST: Final = GaugeSpec(
    "oldest_unfinished_seconds", "How long the oldest message in hand has been there; 0 without any"
)
OLDEST_LIMIT: Final = GaugeSpec(
    "oldest_unfinished_limit_seconds", "How old that may become before /livez fails, UNFINISHED_LIMIT"
)
WAVES: Final = HistogramSpec("wave_records", "Records in one PutRecords call", _WAVE_RECORDS)
CALLS: Final = HistogramSpec(
    "call_seconds", "How long calls took, whatever came of them", _CALL_SECONDS, ("operation",)
)
QUEUE: Final = GaugeSpec("queue_messages", "Messages on the queue, as SQS estimates them", ("state",))

LINES_DROPPED: Final = CounterSpec(
    "log_lines_dropped_total", "Log lines that standard error did not take, or not fast enough"
)
UNTOLD: Final = CounterSpec(
    "facts_untold_total", "Facts whose log line, metric or span failed; the work they are about did not", ("fact",)
)

CATALOGUE: Final[tuple[Spec, ...]] = (
    RECEIVED,
    VALID,
    REJECTS,
    PUBLISHED,
    REFUSED,
    RETRIED,
    FAILED,
    DELETED,
    NOT_DELETED,
    RELEASED,
    LOST,
    VIOLATIONS,
    AGE,
    IN_PROCESS,
    HALTED,
    LANES,
    PACED,
    SUBMISSIONS_LIMIT,
    BYTES,
    BYTES_LIMIT,
    OLDEST,
    OLDEST_LIMIT,
    WAVES,
    CALLS,
    QUEUE,
    LINES_DROPPED,
    UNTOLD,
)


class Metrics:
    """The catalogue's collectors in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for spec in CATALOGUE:
            self._register(spec)

    def counter(self, spec: CounterSpec) -> Counter:
        """The counter of that spec."""
        return self._counters[spec.name]

    def gauge(self, spec: GaugeSpec) -> Gauge:
        """The gauge of that spec."""
        return self._gauges[spec.name]

    def histogram(self, spec: HistogramSpec) -> Histogram:
        """The histogram of that spec."""
        return self._histograms[spec.name]

    def total(self, spec: CounterSpec | GaugeSpec) -> float:
        """What it stands at now, the sum over all labels."""
        return sum(sample.value for sample in self._samples(spec))

    def by_label(self, spec: CounterSpec | GaugeSpec) -> dict[str, int]:
        """The values that are not 0, by their one label."""
        found = {sample.labels[spec.labels[0]]: int(sample.value) for sample in self._samples(spec)}
        return {label: value for label, value in sorted(found.items()) if value}

    def buckets(self, spec: HistogramSpec) -> list[float]:
        """How many observations were at most as large as each bound, the last one being infinity."""
        found = self.histogram(spec).collect()
        return [sample.value for family in found for sample in family.samples if sample.name.endswith("_bucket")]

    def _samples(self, spec: CounterSpec | GaugeSpec) -> Iterator[Sample]:
        collector = self.counter(spec) if isinstance(spec, CounterSpec) else self.gauge(spec)
        wanted = f"{NAMESPACE}_{spec.name}"  # and not its time of creation
        return (sample for family in collector.collect() for sample in family.samples if sample.name == wanted)

    def _register(self, spec: Spec) -> None:
        name = f"{NAMESPACE}_{spec.name}"
        if isinstance(spec, CounterSpec):
            self._counters[spec.name] = Counter(name, spec.help, spec.labels, registry=self.registry)
        elif isinstance(spec, GaugeSpec):
            self._gauges[spec.name] = Gauge(name, spec.help, spec.labels, registry=self.registry)
        else:
            self._histograms[spec.name] = Histogram(
                name, spec.help, spec.labels, buckets=spec.buckets, registry=self.registry
            )


def quantile(share: float, bounds: Sequence[float], counts: Sequence[float]) -> float | None:
    """The value below which that share of all observations was; None without any.

    `counts` says how many were at most as large as each bound. Interpolated within a bucket, as Prometheus does.
    """
    if not counts or not counts[-1]:
        return None
    wanted = share * counts[-1]
    low, below = 0.0, 0.0
    for bound, count in zip(bounds, counts, strict=True):
        if count >= wanted and count > below:
            return low if bound == inf else low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return low


def as_markdown() -> str:
    """The catalogue as a table."""
    rows = [
        f"| `{NAMESPACE}_{spec.name}` | {spec.kind} | {', '.join(spec.labels)} | {spec.help} |" for spec in CATALOGUE
    ]
    return "\n".join(["| metric | type | labels | meaning |", "|---|---|---|---|", *rows])
