"""What scikit-learn has learned, as the JSON that `monitoring.model` scores."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from event_processor.monitoring.features import FEATURES


def forest(model: Any) -> dict[str, Any]:
    """Of a forest of classifiers: leaves say the share of incidents."""
    trees = [
        _tree(each.tree_, each.tree_.value[:, 0, 1] / each.tree_.value[:, 0, :].sum(axis=1))
        for each in model.estimators_
    ]
    return {"kind": "forest", "features": list(FEATURES), "trees": trees}


def boosting(model: Any) -> dict[str, Any]:
    """Of gradient boosting by histograms: leaves say what they add to the logit."""
    trees = []
    for (predictor,) in model._predictors:  # noqa: SLF001 - there is no other way to its trees
        nodes = predictor.nodes
        is_leaf = nodes["is_leaf"].astype(bool)
        trees.append(
            _columns(
                np.where(is_leaf, -1, nodes["feature_idx"]),
                np.where(is_leaf, 0.0, nodes["num_threshold"]),
                np.where(is_leaf, 0, nodes["left"]),
                np.where(is_leaf, 0, nodes["right"]),
                np.where(is_leaf, nodes["value"], 0.0),
            )
        )
    base = float(np.ravel(model._baseline_prediction)[0])  # noqa: SLF001
    return {"kind": "boosting", "features": list(FEATURES), "base": base, "trees": trees}


def isolation(model: Any) -> dict[str, Any]:
    """Of an isolation forest: leaves say how long the way to a point in them is."""
    trees = []
    for each in model.estimators_:
        inner = each.tree_
        depth = np.zeros(inner.node_count)
        for node in range(inner.node_count):
            for child in (inner.children_left[node], inner.children_right[node]):
                if child >= 0:
                    depth[child] = depth[node] + 1
        trees.append(_tree(inner, depth + _average_way(inner.n_node_samples)))
    usual = float(_average_way(np.array([model.max_samples_]))[0])
    return {"kind": "isolation", "features": list(FEATURES), "usual": usual, "trees": trees}


def _tree(inner: Any, values: Any) -> dict[str, Any]:
    is_leaf = inner.children_left < 0
    return _columns(
        np.where(is_leaf, -1, inner.feature),
        np.where(is_leaf, 0.0, inner.threshold),
        np.where(is_leaf, 0, inner.children_left),
        np.where(is_leaf, 0, inner.children_right),
        np.where(is_leaf, values, 0.0),
    )


def _columns(*columns: Any) -> dict[str, Any]:
    names: Iterable[str] = ("feature", "threshold", "left", "right", "value")
    found: Mapping[str, Any] = dict(zip(names, columns, strict=True))
    return {name: each.tolist() for name, each in found.items()}


def _average_way(samples: Any) -> Any:
    """To a point in an unfinished tree of so many samples (Liu, Ting and Zhou 2008)."""
    many = np.maximum(samples, 2).astype(np.float64)
    way = 2.0 * (np.log(many - 1.0 + (many == 2)) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    return np.where(samples <= 1, 0.0, np.where(samples == 2, 1.0, way))
