"""A model as JSON: logistic regression, trees (forests and boosting), isolation forest. Scored in pure Python.

scikit-learn gives the same scores within 1e-9; nothing of it, and no pickle, is needed to score. Pure.
"""

from array import array
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import exp
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from event_processor.monitoring.features import FEATURES

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Feature = Literal[FEATURES]  # type: ignore[valid-type]  # the names are a constant


class Tree(BaseModel):
    """Nodes by number, parents before their children; the feature of a leaf is -1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: tuple[int, ...] = Field(min_length=1)
    threshold: tuple[_Finite, ...]
    """At most it: to the left."""
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[_Finite, ...]

    @model_validator(mode="after")
    def _is_a_tree(self) -> "Tree":
        columns = (self.feature, self.threshold, self.left, self.right, self.value)
        size = len(self.feature)
        if any(len(column) != size for column in columns):
            raise ValueError("columns of different lengths")
        children = zip(range(size), self.feature, self.left, self.right, strict=True)
        if any(
            feature >= 0 and not (node < left < size and node < right < size) for node, feature, left, right in children
        ):
            raise ValueError("a child that is not a later node")
        return self

    def leaf(self, values: Sequence[float]) -> float:
        """What it says of a point."""
        node, feature = 0, self.feature[0]
        while feature >= 0:
            node = self.left[node] if values[feature] <= self.threshold[node] else self.right[node]
            feature = self.feature[node]
        return self.value[node]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[_Feature, ...] = Field(min_length=1)
    """Which of the features it was trained on, in its order."""
    threshold: _Finite
    """From this score on it is a finding."""
    quiet_below: _Finite | None = None
    """Below this score what the rule finds is none. None: the model adds findings and takes none away."""
    labels: int = Field(default=0, ge=0)
    """How many labelled incidents it was trained on."""

    def weights(self, values: Sequence[float]) -> Sequence[float]:
        """How much each counts for a point."""
        return [abs(value) for value in values]


class _Logistic(_Document):
    kind: Literal["logistic"]
    mean: tuple[_Finite, ...]
    scale: tuple[_Finite, ...]
    coefficients: tuple[_Finite, ...]
    intercept: _Finite

    @model_validator(mode="after")
    def _fits(self) -> "_Logistic":
        if any(len(each) != len(self.features) for each in (self.mean, self.scale, self.coefficients)):
            raise ValueError("as many means, scales and coefficients as features")
        if 0 in self.scale:
            raise ValueError("a scale of zero")
        return self

    def weights(self, values: Sequence[float]) -> Sequence[float]:
        terms = zip(values, self.mean, self.scale, self.coefficients, strict=True)
        return [(value - mean) / scale * weight for value, mean, scale, weight in terms]

    def of(self, values: Sequence[float]) -> float:
        return _expit(self.intercept + sum(self.weights(values)))


class _Trees(_Document):
    trees: tuple[Tree, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known_features(self) -> "_Trees":
        if any(feature >= len(self.features) for tree in self.trees for feature in tree.feature):
            raise ValueError("a feature that it was not trained on")
        return self


class _Forest(_Trees):
    """The mean of what its trees say, who see what scikit-learn's do: floats of 32 bits."""

    kind: Literal["forest"]

    def of(self, values: Sequence[float]) -> float:
        seen = array("f", values)
        return sum(tree.leaf(seen) for tree in self.trees) / len(self.trees)


class _Boosting(_Trees):
    """The sum of what its trees say, on a logistic scale."""

    kind: Literal["boosting"]
    base: _Finite

    def of(self, values: Sequence[float]) -> float:
        return _expit(self.base + sum(tree.leaf(values) for tree in self.trees))


class _Isolation(_Trees):
    """Leaves say how long the way to them is, and `usual` how long it is on average."""

    kind: Literal["isolation"]
    usual: Annotated[float, Field(gt=0, allow_inf_nan=False)]

    def of(self, values: Sequence[float]) -> float:
        seen = array("f", values)
        return float(2.0 ** -(sum(tree.leaf(seen) for tree in self.trees) / (len(self.trees) * self.usual)))


_DOCUMENT: Final[TypeAdapter[_Logistic | _Forest | _Boosting | _Isolation]] = TypeAdapter(
    Annotated[_Logistic | _Forest | _Boosting | _Isolation, Field(discriminator="kind")]
)


class Model:
    """A trained model. Scores are from 0 to 1, higher for what looks less usual."""

    def __init__(self, document: _Logistic | _Forest | _Boosting | _Isolation, sha: str) -> None:
        self._document = document
        self._places = tuple(FEATURES.index(name) for name in document.features)
        self.kind = document.kind
        self.threshold = document.threshold
        self.quiet_below = document.quiet_below
        self.labels = document.labels
        self.hash = sha
        """SHA-256 of its JSON."""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Model":
        """The model of a document. Raises ValueError for what is none, or what needs features we do not have."""
        try:
            parsed = _DOCUMENT.validate_python(dict(document))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise ValueError(f"no model: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        return cls(parsed, model_hash(document))

    @property
    def detector(self) -> str:
        """As findings name it."""
        return f"model:{self.hash[:8]}"

    def score(self, features: Sequence[float]) -> float:
        """Of a point, by all of FEATURES, in that order."""
        return self._document.of([features[place] for place in self._places])

    def why(self, features: Sequence[float]) -> str:
        """A sentence on what counted most for a point: exact for logistic regression, else what is largest in it."""
        values = [features[place] for place in self._places]
        parts = sorted(zip(self._document.weights(values), self._document.features, values, strict=True), reverse=True)
        told = ", ".join(f"{name} {value:.3g}" for weight, name, value in parts[:3] if weight > 0)
        return f"What counts most: {told}." if told else "Nothing in it stands out."


def model_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of the document's JSON with its keys in order."""
    return sha256(orjson.dumps(dict(document), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _expit(logit: float) -> float:
    if logit >= 0:
        return 1.0 / (1.0 + exp(-min(logit, 700.0)))
    ratio = exp(max(logit, -700.0))
    return ratio / (1.0 + ratio)
