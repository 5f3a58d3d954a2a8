"""What a model is shown of each bucket, by the monitor itself."""

from collections.abc import Iterable, Sequence
from math import inf, isnan

from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.model import Model
from event_processor.monitoring.series import Series

SERIES = SeriesId("orders", "rows")


class _Watching(Model):
    """Finds nothing, and remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: Sequence[float] = ()
        self.threshold, self.quiet_below, self.labels = inf, None, 0

    def score(self, features: Sequence[float]) -> float:
        self.seen = features
        return 0.0


def shown(bucket_seconds: int, points: Iterable[tuple[int, float, int]]) -> list[list[float]]:
    """FEATURES of each of these (start, value, n), in the order of time; of what has no value there are none."""
    series, model = Series(SERIES, bucket_seconds), _Watching()
    found: list[list[float]] = []
    for start, value, n in points:
        model.seen = ()
        series.evaluate(Metric(SERIES, start, bucket_seconds, None if isnan(value) else value, n), model)
        found.append(list(model.seen))
    return found
