"""The processor's own metrics, read as Prometheus would read them."""

from collections import defaultdict
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from event_processor.telemetry.metrics import NAMESPACE, CounterSpec, GaugeSpec, HistogramSpec, quantile


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

    def quantile(self, spec: HistogramSpec, share: float) -> float | None:
        """The value below which that share of all observations was; None without any."""
        values = self._values[f"{NAMESPACE}_{spec.name}_bucket"]
        buckets = sorted((float(dict(labels)["le"]), count) for labels, count in values.items())
        return quantile(share, [bound for bound, _ in buckets], [count for _, count in buckets])
