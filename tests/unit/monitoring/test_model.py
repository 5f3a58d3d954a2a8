"""Models as JSON: their scores, what they may say to a verdict, and documents that are none."""

import json
import random
from math import exp
from typing import Any

import pytest

from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.features import FEATURES
from event_processor.monitoring.model import Model
from event_processor.monitoring.series import Evaluation, Series

LOGISTIC: dict[str, Any] = {
    "kind": "logistic",
    "features": ["rule", "short"],
    "threshold": 0.5,
    "mean": [1.0, 0.0],
    "scale": [2.0, 1.0],
    "coefficients": [4.0, 0.5],
    "intercept": -1.0,
}
STUMP = {
    "feature": [0, -1, -1],
    "threshold": [1.5, 0, 0],
    "left": [1, 0, 0],
    "right": [2, 0, 0],
    "value": [0, 0.1, 0.9],
}
LEAF = {"feature": [-1], "threshold": [0], "left": [0], "right": [0], "value": [0.3]}
TREES: dict[str, Any] = {"features": ["rule"], "threshold": 0.5, "trees": [STUMP, LEAF]}


def point(**values: float) -> list[float]:
    """Features, zero unless given."""
    return [values.get(name, 0.0) for name in FEATURES]


def test_logistic_regression_scales_sums_and_squeezes() -> None:
    """Of the features it names, in its order."""
    expected = 1 / (1 + exp(-(-1 + (3 - 1) / 2 * 4 + 2 * 0.5)))

    assert Model.from_json(LOGISTIC).score(point(rule=3, short=2)) == pytest.approx(expected, abs=1e-15)
    assert Model.from_json(LOGISTIC | {"intercept": 1e9}).score(point()) == 1
    assert Model.from_json(LOGISTIC | {"intercept": -1e9}).score(point()) == pytest.approx(0, abs=1e-300)


def test_forests_boosting_and_isolation_are_what_their_trees_say() -> None:
    """The mean of leaves, the squeezed sum of them, and how short the ways are beside the usual one."""
    forest = Model.from_json(TREES | {"kind": "forest"})
    boosting = Model.from_json(TREES | {"kind": "boosting", "base": -1})
    isolation = Model.from_json(TREES | {"kind": "isolation", "usual": 2.0})

    assert forest.score(point(rule=1.5)) == pytest.approx(0.2)
    assert forest.score(point(rule=1.6)) == pytest.approx(0.6)
    assert boosting.score(point(rule=1.6)) == pytest.approx(1 / (1 + exp(-0.2)))
    assert isolation.score(point(rule=1.6)) == pytest.approx(2 ** -(1.2 / 4))


def test_forests_see_floats_of_32_bits_as_scikit_learn_does() -> None:
    """A value that is above a threshold only beyond the seventh digit is not above it for them."""
    close = 1.5 + 1e-9

    assert Model.from_json(TREES | {"kind": "forest"}).score(point(rule=close)) == pytest.approx(0.2)
    assert Model.from_json(TREES | {"kind": "boosting", "base": 0}).score(point(rule=close)) > 0.7


def test_the_hash_is_of_the_content() -> None:
    """Whatever the order of its keys; one weight changed is another model."""
    again = json.loads(json.dumps(dict(reversed(LOGISTIC.items()))))

    assert Model.from_json(again).hash == Model.from_json(LOGISTIC).hash
    assert Model.from_json(LOGISTIC | {"intercept": -1.5}).hash != Model.from_json(LOGISTIC).hash
    assert Model.from_json(LOGISTIC).detector == f"model:{Model.from_json(LOGISTIC).hash[:8]}"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "pickle"},
        LOGISTIC | {"features": ["rule", "tomorrow"]},
        LOGISTIC | {"scale": [1.0, 0.0]},
        LOGISTIC | {"coefficients": [1.0]},
        LOGISTIC | {"intercept": float("nan")},
        LOGISTIC | {"more": 1},
        TREES | {"kind": "forest", "trees": []},
        TREES | {"kind": "forest", "trees": [STUMP | {"left": [0, 0, 0]}]},
        TREES | {"kind": "forest", "trees": [STUMP | {"right": [9, 0, 0]}]},
        TREES | {"kind": "forest", "trees": [STUMP | {"value": [0.0]}]},
        TREES | {"kind": "forest", "trees": [STUMP | {"feature": [1, -1, -1]}]},
        TREES | {"kind": "isolation", "usual": 0},
    ],
)
def test_what_is_no_model_is_refused(document: dict[str, Any]) -> None:
    """Before it scores anything: unknown features, a division by zero, ways in a circle, columns that do not fit."""
    with pytest.raises(ValueError, match="no model"):
        Model.from_json(document)


SERIES = SeriesId("page_views", "records")


def judged(value: float, model: Model | None) -> Evaluation:
    """A value after three hundred around 800, with a model from the last on."""
    chance = random.Random(1)
    series = Series(SERIES, 60)
    for place in range(300):
        usual = round(chance.gauss(800, 20))
        series.evaluate(Metric(SERIES, place * 60, 60, float(usual), usual))
    evaluation = series.evaluate(Metric(SERIES, 300 * 60, 60, value, int(value)), model)
    assert evaluation is not None
    return evaluation


def with_intercept(intercept: float, **changed: Any) -> Model:
    """A model that says the same of everything."""
    constant = {"coefficients": [1e-9, 0.0], "intercept": intercept}
    return Model.from_json(LOGISTIC | constant | changed)


def test_a_model_adds_findings() -> None:
    """With its hash, its score, and what counted most."""
    model = with_intercept(3)
    found = judged(803, model).finding

    assert judged(803, None).finding is None
    assert found is not None
    assert found.detector == model.detector
    assert found.reasons[0].startswith("803 records in the minute from 1970-01-01 05:00 UTC; expected 8")
    assert f"The model {model.hash[:8]} scores it 0.95" in found.reasons[1]


def test_a_model_takes_findings_of_the_rule_away_only_if_it_learned_from_labels_enough() -> None:
    """Twenty incidents at least, and only if it was given a score below which it may."""
    assert judged(300, None).finding is not None
    assert judged(300, with_intercept(-9, quiet_below=0.01, labels=20)).finding is None
    assert judged(300, with_intercept(-9, quiet_below=0.01, labels=19)).finding is not None
    assert judged(300, with_intercept(-9, labels=20)).finding is not None
    assert judged(300, with_intercept(-3, quiet_below=0.01, labels=20)).finding is not None


def test_no_model_takes_findings_of_guards_away() -> None:
    """Nothing came is nothing came."""
    found = judged(0, with_intercept(-9, quiet_below=1.0, labels=1_000)).finding

    assert found is not None
    assert found.detector == "guard:zero"


def test_both_agree_in_one_finding() -> None:
    """The rule's, with the model's word in the reasons."""
    found = judged(300, with_intercept(3)).finding

    assert found is not None
    assert found.detector == "baseline"
    assert any(reason.startswith("The model ") for reason in found.reasons)
