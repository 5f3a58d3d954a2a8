"""The leaderboard, and what becomes of it: a model is promoted if it earns it, and the decision is recorded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from event_processor.monitoring.evaluation import Outcome
from event_processor.monitoring.given import LEADERBOARD, PROMOTED
from event_processor.monitoring.model import Model, model_hash
from event_processor.monitoring.ports import Files
from event_processor.monitoring.training.contest import (
    CHANCE,
    RULE,
    UNTRAINED,
    Chosen,
    Row,
    behind_guards,
    by_time,
    choose,
    counted,
    guarded,
    one_thread,
    run,
)
from event_processor.monitoring.training.learners import LEARNERS, Learner
from event_processor.monitoring.training.material import Material

BOARD: Final = "models/leaderboard.json"
OVER_RULE: Final = 0.02
OVER_CHANCE: Final = 0.10
FEWEST_INCIDENTS: Final = 10
"""Fewer say nothing about who is better."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a model is promoted, which, and why or why not."""

    promoted: bool
    name: str
    why: str
    f1: float
    rule: float
    chance: float
    later: float | None
    """Its F1 on what came later than all it was trained on; None if there is nothing to count."""


@dataclass(frozen=True, slots=True)
class Board:
    """Who is how good, and what was decided."""

    rows: Sequence[Row]
    decision: Decision
    series: int
    buckets: int
    incidents: int
    model: Mapping[str, Any] | None
    """The model that was promoted, trained on all series."""

    def to_json(self) -> dict[str, Any]:
        """As it is kept, and shown."""
        return {
            "series": self.series,
            "buckets": self.buckets,
            "incidents": self.incidents,
            "decision": {name: getattr(self.decision, name) for name in Decision.__slots__},
            "rows": [_written(row) for row in self.rows],
        }


def hold(
    series: Sequence[Material],
    seeds: Sequence[int] = (0, 1, 2),
    learners: Mapping[str, Learner] = LEARNERS,
    step: Callable[[str], None] = lambda _name: None,
) -> Board:
    """Let all contestants score the series, and decide. The same series give the same board."""
    rows = run(series, seeds, learners, step)
    incidents = sum(len(each.incidents) for each in series)
    best = max(learners, key=lambda name: _row(rows, guarded(name)).f1)
    with one_thread():
        decision, model = _decide(rows, best, learners[best], series, incidents)
    buckets = sum(len(each.starts) for each in series)
    return Board(rows, decision, len(series), buckets, incidents, model)


def record(files: Files, board: Board, data: str, labels: int, labels_content: bytes, page: bytes) -> Mapping[str, Any]:
    """Write the board and, if a model was promoted, the model with the hashes of all it comes from.

    `data`: the hash of the training set; `labels`: the version of the labels. Raises CallFailed.
    """
    content = board.to_json() | {
        "data_sha256": data,
        "labels_version": labels,
        "labels_sha256": sha256(labels_content).hexdigest(),
        "model_sha256": model_hash(board.model) if board.model else None,
    }
    files.put(BOARD, orjson.dumps(content, option=orjson.OPT_INDENT_2))
    files.put(LEADERBOARD, page)
    if board.model is not None:
        kept = {name: content[name] for name in ("data_sha256", "labels_version", "labels_sha256", "model_sha256")}
        files.put(PROMOTED, orjson.dumps({"model": board.model, "decision": content["decision"], **kept}))
    return content


def _decide(
    rows: Sequence[Row], best: str, learner: Learner, series: Sequence[Material], incidents: int
) -> tuple[Decision, Mapping[str, Any] | None]:
    row, rule, chance = (
        _row(rows, guarded(best)),
        max(_row(rows, RULE).f1, _row(rows, UNTRAINED).f1),
        _row(rows, CHANCE),
    )
    later = _later(learner, series)
    why = _objection(row.f1, rule, chance.f1, later, incidents)
    chosen = None if why else choose(learner, series)
    model = None
    if chosen is not None:
        threshold = chosen[1].behind_guards
        model = {**chosen[0].document, "threshold": threshold, "quiet_below": threshold, "labels": incidents}
        Model.from_json(model)
    said = why or f"at least {OVER_RULE} better than the rule, and {OVER_CHANCE} better than chance"
    return Decision(model is not None, best, said, row.f1, rule, chance.f1, later.f1 if later else None), model


def _objection(f1: float, rule: float, chance: float, later: Outcome | None, incidents: int) -> str:
    if incidents < FEWEST_INCIDENTS:
        return f"{incidents} labelled incidents: {FEWEST_INCIDENTS} are the least that say who is better"
    if f1 < rule + OVER_RULE:
        return f"its F1 of {f1:.3f} is not {OVER_RULE} above that of the rule, {rule:.3f}"
    if f1 < chance + OVER_CHANCE:
        return f"its F1 of {f1:.3f} is not {OVER_CHANCE} above that of chance, {chance:.3f}"
    if later is not None and later.incidents >= FEWEST_INCIDENTS and later.f1 < chance + OVER_CHANCE:
        return f"trained on what came first, its F1 on what came later is {later.f1:.3f}: no better than chance"
    return ""


def _later(learner: Learner, series: Sequence[Material]) -> Outcome | None:
    first, later = by_time(series)
    chosen = choose(learner, first) if first else None
    if chosen is None:
        return None
    found = counted(later, Chosen(behind_guards(chosen[0]), chosen[1].behind_guards))
    return found if found.incidents else None


def _row(rows: Sequence[Row], name: str) -> Row:
    return next(row for row in rows if row.name == name)


def _written(row: Row) -> dict[str, Any]:
    first = row.outcomes[0] if row.outcomes else Outcome()
    return {
        "name": row.name,
        "f1": row.f1,
        "spread": row.spread,
        "precision": sum(each.precision for each in row.outcomes) / max(1, len(row.outcomes)),
        "recall": sum(each.recall for each in row.outcomes) / max(1, len(row.outcomes)),
        "false_per_week": sum(each.false_per_week for each in row.outcomes) / max(1, len(row.outcomes)),
        "delay_seconds": first.delay,
        "recall_by_kind": {kind: value for kind, value in first.recall_by_kind.items() if kind},
        "cpu_seconds": round(row.cpu_seconds, 2),
        "curve": row.curve,
    }
