"""What scikit-learn has learned, as JSON: the same scores without it."""

import numpy as np
import orjson
import pytest

from event_processor.monitoring.features import FEATURES
from event_processor.monitoring.model import Model
from event_processor.monitoring.training.learners import LEARNERS


@pytest.mark.parametrize("name", list(LEARNERS))
def test_a_model_scores_the_same_without_scikit_learn(name: str) -> None:
    """Each kind, within 1e-9, after a way through JSON."""
    numbers = np.random.default_rng(0)
    rows = numbers.normal(size=(300, len(FEATURES)))
    labels = rows[:, 0] + rows[:, FEATURES.index("novelty")] ** 2 > 1.5
    fitted = LEARNERS[name](rows, labels, np.ones(300))

    model = Model.from_json(orjson.loads(orjson.dumps(dict(fitted.document) | {"threshold": 0.5})))

    ours = [model.score(list(map(float, row))) for row in rows[:60]]
    assert np.abs(fitted.score(rows[:60]) - np.array(ours)).max() < 1e-9
