"""PromQL over the metric catalogue: what is renamed there is renamed here. Narrowed to the replicas chosen on top."""

from typing import Final

from event_processor.telemetry.metrics import CounterSpec, GaugeSpec, HistogramSpec, Spec

PROCESS_CPU: Final = CounterSpec("process_cpu_seconds_total", "Of the Python process, by prometheus_client")
PROCESS_MEMORY: Final = GaugeSpec("process_resident_memory_bytes", "Of the Python process, by prometheus_client")

_CHOSEN: Final = 'job=~"$job",instance=~"$instance"'


def full_name(spec: Spec) -> str:
    """The metric as Prometheus knows it; those of the process itself have no namespace."""
    return spec.name if spec in (PROCESS_CPU, PROCESS_MEMORY) else spec.full_name


def rate(spec: CounterSpec, *by: str, **labels: str) -> str:
    """How much it rises per second."""
    return f"sum{_by(by)}({_rate(full_name(spec), **labels)})"


def total(spec: GaugeSpec, *by: str) -> str:
    """All replicas together."""
    return f"sum{_by(by)}({_chosen(full_name(spec))})"


def largest(spec: GaugeSpec | CounterSpec, *by: str, **labels: str) -> str:
    """That of the replica with the largest: for what they all see the same, and for the worst."""
    return f"max{_by(by)}({_chosen(full_name(spec), **labels)})"


def replicas(spec: Spec) -> str:
    """How many have this metric."""
    return f"count({_chosen(full_name(spec))})"


def quantile(share: float, spec: HistogramSpec, *by: str) -> str:
    """The value below which that share of the observations was."""
    return f"histogram_quantile({share:g}, sum{_by(('le', *by))}({_rate(f'{full_name(spec)}_bucket')}))"


def mean(spec: HistogramSpec) -> str:
    """The mean observation."""
    return f"sum({_rate(f'{full_name(spec)}_sum')}) / {observed(spec)}"


def observed(spec: HistogramSpec, *by: str) -> str:
    """How many observations per second."""
    return f"sum{_by(by)}({_rate(f'{full_name(spec)}_count')})"


def share(part: CounterSpec, rest: CounterSpec) -> str:
    """The part's share of both together, 0 to 1."""
    return f"{rate(part)} / ({rate(part)} + {rate(rest)})"


def _rate(metric: str, **labels: str) -> str:
    return f"rate({_chosen(metric, **labels)}[$__rate_interval])"


def _chosen(metric: str, **labels: str) -> str:
    matchers = [_CHOSEN, *(f'{name}="{value}"' for name, value in labels.items())]
    return f"{metric}{{{','.join(matchers)}}}"


def _by(labels: tuple[str, ...]) -> str:
    return f" by ({', '.join(labels)}) " if labels else ""
