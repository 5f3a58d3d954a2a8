"""The training set: all complete metrics there are, written as one object with its hash, and read as series."""

import gzip
from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from event_processor.metrics.metric import Metric, MetricFault, SeriesId, read_metric
from event_processor.monitoring.evaluation import Incident
from event_processor.monitoring.labels import Label, LabelSet, LabelState
from event_processor.monitoring.ports import Files
from event_processor.monitoring.training.material import Labelled, Point


class TrainingSet(NamedTuple):
    """Metrics in the order of series and time, and the hash of them."""

    metrics: list[Metric]
    sha256: str

    @property
    def name(self) -> str:
        """Of the object that has them."""
        return f"training/{self.sha256}.ndjson.gz"


def training_set(records: Iterable[bytes]) -> TrainingSet:
    """Of what is complete in records of metrics, the newest revision of each bucket."""
    newest: dict[tuple[SeriesId, int, int], Metric] = {}
    for record in records:
        metric = read_metric(record)
        if isinstance(metric, MetricFault) or not metric.complete:
            continue
        key = (metric.series, metric.bucket_seconds, metric.bucket_start)
        if key not in newest or newest[key].revision <= metric.revision:
            newest[key] = metric
    metrics = [newest[key] for key in sorted(newest)]
    return TrainingSet(metrics, sha256(_content(metrics)).hexdigest())


def keep(files: Files, found: TrainingSet) -> None:
    """Write it, so that what a model was trained on can be looked at. Raises CallFailed."""
    files.put_new(found.name, gzip.compress(_content(found.metrics), mtime=0))


def labelled(found: TrainingSet, labels: LabelSet) -> list[Labelled]:
    """Its series, with what people said of them."""
    points: dict[tuple[SeriesId, int], list[Point]] = defaultdict(list)
    for metric in found.metrics:
        points[metric.series, metric.bucket_seconds].append(Point(metric.bucket_start, metric.value, metric.n))
    return [_of(series, seconds, each, labels.of(series.key)) for (series, seconds), each in points.items()]


def _of(series: SeriesId, seconds: int, points: list[Point], labels: tuple[Label, ...]) -> Labelled:
    starts = {point.start for point in points}
    anomalies = [label for label in labels if label.state is LabelState.ANOMALY]
    others = [label for label in labels if label.state is not LabelState.ANOMALY]
    incidents = [
        Incident(inside[0], inside[-1])
        for label in anomalies
        if (inside := sorted(start for start in starts if label.start <= start < label.end))
    ]
    name = f"{series.key} {seconds} s"
    return Labelled(
        name, series, seconds, points, incidents, lambda start: any(each.start <= start < each.end for each in others)
    )


def _content(metrics: Iterable[Metric]) -> bytes:
    return b"".join(metric.to_json() + b"\n" for metric in metrics)
