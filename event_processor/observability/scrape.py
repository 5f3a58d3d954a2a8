"""The processor's own metrics, read as Prometheus would read them."""

from collections import defaultdict
from math import inf
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from event_processor.observability.metrics import NAMESPACE, CounterSpec, GaugeSpec, HistogramSpec


class Scrape:
    """One reading of /metrics."""

    def __init__(self, text: str) -> None:
        self._values: dict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(dict)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._values[sample.name][tuple(sorted(sample.labels.items()))] = sample.value

    @classmethod
    def of(cls, port: int) -> "Scrape":
        """Read the processor that listens on that port of this machine."""
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return cls(answer.read().decode())

    def total(self, spec: CounterSpec | GaugeSpec) -> int:
        """The sum over all labels."""
        return int(sum(self._values[f"{NAMESPACE}_{spec.name}"].values()))

    def by_label(self, spec: CounterSpec | GaugeSpec) -> dict[str, int]:
        """The values that are not 0, by their one label."""
        values = self._values[f"{NAMESPACE}_{spec.name}"]
        return {labels[0][1]: int(value) for labels, value in sorted(values.items()) if value}

    def quantile(self, spec: HistogramSpec, share: float, since: "Scrape | None" = None) -> float | None:
        """The value below which that share of all observations (since another reading) was; None without any.

        Interpolated within a bucket, as Prometheus does.
        """
        before = dict(since.buckets(spec)) if since else {}
        buckets = [(bound, count - before.get(bound, 0.0)) for bound, count in self.buckets(spec)]
        if not buckets or not buckets[-1][1]:
            return None
        wanted = share * buckets[-1][1]
        low, below = 0.0, 0.0
        for bound, count in buckets:
            if count >= wanted and count > below:
                return low if bound == inf else low + (bound - low) * (wanted - below) / (count - below)
            low, below = bound, count
        return low

    def buckets(self, spec: HistogramSpec) -> list[tuple[float, float]]:
        """How many observations were at most as large as each bound, the bounds rising to infinity."""
        values = self._values[f"{NAMESPACE}_{spec.name}_bucket"]
        return sorted((float(dict(labels)["le"]), count) for labels, count in values.items())
