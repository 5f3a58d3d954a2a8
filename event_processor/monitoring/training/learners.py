"""What learns: each makes a model of examples, which is JSON, and says what scikit-learn scores with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from event_processor.monitoring.features import FEATURES
from event_processor.monitoring.training.material import Numbers, column
from event_processor.monitoring.training.written import boosting, forest, isolation

_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model that was trained."""

    score: Callable[[Numbers], Numbers]
    """Of rows of FEATURES."""
    document: Mapping[str, Any]
    """As `Model.from_json` takes it, but for its threshold."""


Learner = Callable[[Numbers, Any, Numbers], Fitted]
"""Makes a model of rows of FEATURES, of what they are, and of what each counts."""


def logistic(features: tuple[str, ...], strength: float) -> Learner:
    """Logistic regression of some features. `strength`: of what the examples say against all being the same."""
    columns = [column(name) for name in features]

    def learn(rows: Numbers, labels: Any, weights: Numbers) -> Fitted:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - all of it takes a second to load
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

        scaler = StandardScaler().fit(rows[:, columns])
        model = LogisticRegression(C=strength, max_iter=500)
        model.fit(scaler.transform(rows[:, columns]), labels, sample_weight=_balanced(labels, weights))
        document = {
            "kind": "logistic",
            "features": list(features),
            "mean": scaler.mean_.tolist(),
            "scale": scaler.scale_.tolist(),
            "coefficients": model.coef_[0].tolist(),
            "intercept": float(model.intercept_[0]),
        }
        return Fitted(lambda seen: _expit(model.decision_function(scaler.transform(seen[:, columns]))), document)

    return learn


def extra_trees(rows: Numbers, labels: Any, weights: Numbers) -> Fitted:
    """Extremely randomised trees."""
    from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415

    model = ExtraTreesClassifier(n_estimators=60, max_depth=8, min_samples_leaf=5, random_state=_SEED, n_jobs=1)
    model.fit(rows, labels, sample_weight=_balanced(labels, weights))
    return Fitted(lambda seen: _column(model.predict_proba(seen)), forest(model))


def gradient_boosting(rows: Numbers, labels: Any, weights: Numbers) -> Fitted:
    """Histogram gradient boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    model = HistGradientBoostingClassifier(
        max_iter=12, learning_rate=0.3, max_leaf_nodes=8, min_samples_leaf=10, l2_regularization=1.0,
        max_bins=32, early_stopping=False, random_state=_SEED,  # where examples have weights, each bin costs a lot
    )  # fmt: skip
    model.fit(rows, labels, sample_weight=_balanced(labels, weights))
    return Fitted(lambda seen: _column(model.predict_proba(seen)), boosting(model))


def isolation_forest(rows: Numbers, labels: Any, weights: Numbers) -> Fitted:
    """Isolation forest, which asks for no labels."""
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415

    del labels, weights
    model = IsolationForest(n_estimators=60, random_state=_SEED, n_jobs=1).fit(rows)
    return Fitted(lambda seen: np.asarray(-model.score_samples(seen), dtype=np.float64), isolation(model))


LEARNERS: Final[Mapping[str, Learner]] = {
    "logistic regression of novelty": logistic(("novelty",), 0.1),
    "logistic regression": logistic(FEATURES, 0.1),
    "extra trees": extra_trees,
    "gradient boosting": gradient_boosting,
    "isolation forest": isolation_forest,
}


def _balanced(labels: Any, weights: Numbers) -> Numbers:
    """Incidents count as much, all together, as what is none."""
    ours, others = weights[labels].sum(), weights[~labels].sum()
    return np.where(labels, weights * (others / ours if ours else 1.0), weights)


def _column(probabilities: Any) -> Numbers:
    return np.asarray(probabilities[:, 1], dtype=np.float64)


def _expit(logits: Numbers) -> Numbers:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -700, 700))), dtype=np.float64)
