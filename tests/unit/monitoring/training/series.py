"""Small series with labels, for training."""

import math
import random
from collections.abc import Sequence

from event_processor.metrics.metric import SeriesId
from event_processor.monitoring.evaluation import Incident
from event_processor.monitoring.training.material import Labelled, Point

HOUR = 3_600


def series(name: str, length: int = 500, faults: Sequence[int] = (100, 145, 200, 270, 330, 380, 430, 470)) -> Labelled:
    """Loads of every hour, busier by day. Now and then there is three times as much, which nobody minds; incidents are
    loads of which most is missing."""
    chance = random.Random(name)
    values = [1_000 + 300 * math.sin(hour / 24 * 2 * math.pi) + chance.gauss(0, 60) for hour in range(length)]
    for place in chance.sample(range(length), length // 20):
        values[place] *= 3
    for place in faults:
        values[place : place + 3] = [value * 0.3 for value in values[place : place + 3]]
    points = [Point(hour * HOUR, float(round(value)), round(value)) for hour, value in enumerate(values)]
    incidents = [Incident(place * HOUR, (place + 2) * HOUR, "load") for place in faults]
    return Labelled(name, SeriesId("orders", "records", (("of", name),)), HOUR, points, incidents)
