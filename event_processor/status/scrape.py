"""A job's own metrics, read as Prometheus would read them."""

from collections import defaultdict
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from event_processor.telemetry.metrics import NAMESPACE, CounterSpec, GaugeSpec, HistogramSpec, quantile


class Scrape:
    """One reading of /metrics of the job that has this namespace."""

    def __init__(self, text: str, namespace: str = NAMESPACE) -> None:
        self._namespace = namespace
        self._values: dict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(dict)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._values[sample.name][tuple(sorted(sample.labels.items()))] = sample.value

    @classmethod
    def of(cls, port: int, namespace: str = NAMESPACE) -> "Scrape":
        """Read the job that listens on that port of this machine."""
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return cls(answer.read().decode(), namespace)

    def total(self, spec: CounterSpec | GaugeSpec) -> int:
        """The sum over all labels."""
        return int(sum(self._of(spec).values()))

    def by_label(self, spec: CounterSpec | GaugeSpec, label: str | None = None) -> dict[str, int]:
        """The values that are not 0, by that label, or by the only one; summed over the others."""
        found: dict[str, int] = defaultdict(int)
        for labels, value in sorted(self._of(spec).items()):
            if value:
                found[dict(labels)[label or spec.labels[0]]] += int(value)
        return dict(found)

    def quantile(self, spec: HistogramSpec, share: float) -> float | None:
        """The value below which that share of all observations was; None without any."""
        values = self._of(spec, "_bucket")
        buckets = sorted((float(dict(labels)["le"]), count) for labels, count in values.items())
        return quantile(share, [bound for bound, _ in buckets], [count for _, count in buckets])

    def _of(
        self, spec: CounterSpec | GaugeSpec | HistogramSpec, ending: str = ""
    ) -> dict[tuple[tuple[str, str], ...], float]:
        return self._values[f"{self._namespace}_{spec.name}{ending}"]
