"""Who is better, and who only seems to be."""

import random
from dataclasses import replace
from statistics import fmean

import numpy as np
import orjson
import pytest

from event_processor.monitoring.evaluation import Incident
from event_processor.monitoring.model import Model, model_hash
from event_processor.monitoring.training import contest, promotion
from event_processor.monitoring.training.board import page_of
from event_processor.monitoring.training.learners import LEARNERS
from event_processor.monitoring.training.material import Material, material
from tests.unit.monitoring.training.series import HOUR, series

FEW = {name: LEARNERS[name] for name in ("logistic regression",)}


@pytest.fixture(scope="module")
def series_of_all() -> list[Material]:
    """Of eight small series."""
    return [material(series(name)) for name in "abcdefgh"]


@pytest.fixture(scope="module")
def board(series_of_all: list[Material]) -> promotion.Board:
    """What came of a contest on them."""
    return promotion.hold(series_of_all, (0,), FEW)


def shuffled(all_: list[Material], seed: int) -> list[Material]:
    """The same series, and labels that say nothing."""
    chance = random.Random(seed)
    found = []
    for each in all_:
        length = len(each.starts)
        places = chance.sample(range(50, length - 3, 5), len(each.incidents))
        incidents = [Incident(place * HOUR, (place + 2) * HOUR) for place in places]
        inside = np.array(
            [any(one.start <= each.starts[place] <= one.end for one in incidents) for place in each.examples]
        )
        found.append(replace(each, incidents=incidents, labels=inside))
    return found


def test_a_model_that_is_better_than_the_rule_is_promoted(board: promotion.Board) -> None:
    """With a threshold, and scored without scikit-learn."""
    assert board.decision.promoted, board.decision
    assert board.model is not None
    assert Model.from_json(board.model).labels == 64
    assert board.decision.f1 >= board.decision.rule + promotion.OVER_RULE


def test_the_same_series_and_labels_give_the_same_scores(series_of_all: list[Material], board: promotion.Board) -> None:
    """And the same model, to its hash."""
    one, two = board, promotion.hold(series_of_all, (0,), FEW)

    assert [(row.name, row.f1) for row in one.rows] == [(row.name, row.f1) for row in two.rows]
    assert one.model is not None
    assert two.model is not None
    assert model_hash(one.model) == model_hash(two.model)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.prove)])
def test_shuffled_labels_promote_nothing(series_of_all: list[Material], seed: int) -> None:
    """Whatever it is that a model learns of them, it is no better than chance on other series."""
    board = promotion.hold(shuffled(series_of_all, seed), (0,), FEW)

    assert not board.decision.promoted
    assert board.model is None


@pytest.mark.prove
def test_features_of_pure_noise_are_no_better_than_chance(series_of_all: list[Material]) -> None:
    """No threshold is chosen on what it is counted on."""
    found = []
    for seed in range(3):
        numbers = np.random.default_rng(seed)
        noise = [replace(each, rows=numbers.normal(size=each.rows.shape)) for each in series_of_all]
        found.append({row.name: row.f1 for row in contest.run(noise, range(3), FEW)})

    for name in FEW:
        assert fmean(each[name] for each in found) <= fmean(each["random"] for each in found) + 0.05


def test_few_labels_promote_nothing() -> None:
    """Nine incidents say nothing about who is better."""
    board = promotion.hold([material(series(name, faults=(100, 160, 220))) for name in "abc"], (0,), FEW)

    assert not board.decision.promoted
    assert "9 labelled incidents" in board.decision.why


def test_no_labels_at_all_are_a_decision_too() -> None:
    """Everything runs, and nothing is promoted."""
    board = promotion.hold([material(series(name, faults=())) for name in "ab"], (0,), FEW)

    assert not board.decision.promoted


def test_the_page_needs_nothing_else(board: promotion.Board) -> None:
    """No address, no script; curves of precision with chance among them, and names are no markup."""
    content = board.to_json()
    content["rows"][0]["name"] = "<b>&"

    page = page_of("A <title>", orjson.loads(orjson.dumps(content))).decode()

    assert "http" not in page
    assert "<script" not in page
    assert "<polyline" in page
    assert "random" in page
    assert "A &lt;title&gt;" in page
    assert "&lt;b&gt;&amp;" in page
    assert "color-scheme: light dark" in page
