"""Metrics as typed constants, each declared in the module that measures it, and their collectors."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from types import ModuleType
from typing import ClassVar, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.samples import Sample

NAMESPACE: Final = "event_processor"


@dataclass(frozen=True)
class Spec:
    """A metric; its name is what comes behind the namespace of its job."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    namespace: str = field(default=NAMESPACE, kw_only=True)
    kind: ClassVar[str]

    @property
    def full_name(self) -> str:
        """As Prometheus knows it."""
        return f"{self.namespace}_{self.name}"


class CounterSpec(Spec):
    """Only rises."""

    kind = "counter"


class GaugeSpec(Spec):
    """As it is now."""

    kind = "gauge"


@dataclass(frozen=True)
class HistogramSpec(Spec):
    """How values spread over `buckets`."""

    buckets: tuple[float, ...] = ()
    kind = "histogram"


Catalogue = tuple[Spec, ...]


def declared_in(*modules: ModuleType, namespace: str = NAMESPACE, without: Collection[Spec] = ()) -> Catalogue:
    """The metrics that these modules declare, as the job of this namespace has them; but for some that it has not."""
    declared = (spec for module in modules for spec in vars(module).values() if isinstance(spec, Spec))
    return tuple(replace(spec, namespace=namespace) for spec in declared if spec not in without)


LONG_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)


class Metrics:
    """The collectors of a catalogue in one registry. What several jobs have is asked for by any of its specs."""

    def __init__(self, registry: CollectorRegistry, catalogue: Catalogue) -> None:
        self.registry = registry
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for spec in catalogue:
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

    def by_one_label(self, spec: CounterSpec | GaugeSpec, label: str) -> dict[str, int]:
        """The values by one of several labels, summed over the others."""
        found: dict[str, int] = {}
        for sample in self._samples(spec):
            value = sample.labels[label]
            found[value] = found.get(value, 0) + int(sample.value)
        return found

    def buckets(self, spec: HistogramSpec) -> list[float]:
        """How many observations were at most as large as each bound, the last one being infinity."""
        found = self.histogram(spec).collect()
        return [sample.value for family in found for sample in family.samples if sample.name.endswith("_bucket")]

    def _samples(self, spec: CounterSpec | GaugeSpec) -> Iterator[Sample]:
        collector = self.counter(spec) if isinstance(spec, CounterSpec) else self.gauge(spec)
        ending = f"_{spec.name}"  # and not its time of creation
        return (sample for family in collector.collect() for sample in family.samples if sample.name.endswith(ending))

    def _register(self, spec: Spec) -> None:
        name = spec.full_name
        if isinstance(spec, CounterSpec):
            self._counters[spec.name] = Counter(name, spec.help, spec.labels, registry=self.registry)
        if isinstance(spec, GaugeSpec):
            self._gauges[spec.name] = Gauge(name, spec.help, spec.labels, registry=self.registry)
        if isinstance(spec, HistogramSpec):
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
