"""Who is best: models, the rule and chance, on series (or times) that none of them was trained on.

Nested: what is counted is of held-out series; the threshold is the best for the others, each of them scored by a model
that was not trained on it either. Chance is given a threshold in the same way.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import fmean, pstdev
from typing import Final, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from event_processor.monitoring.evaluation import Outcome, ScoredSeries, best_threshold, folds
from event_processor.monitoring.training.learners import LEARNERS, Fitted, Learner
from event_processor.monitoring.training.material import Material, Numbers, column

RULE: Final = "rule"
CHANCE: Final = "random"
UNTRAINED: Final = "guards + rule, untrained"
OUTER: Final = 5
_INNER: Final = 4
_CHANCES: Final = 5
_GUARDED: Final = inf  # above any threshold
_LATER: Final = 0.6  # of a series is trained on, and the rest counted, where it is divided by time

Scorer = Callable[[Material], Numbers]


class Chosen(NamedTuple):
    """A way to score, and the threshold for it."""

    score: Scorer
    threshold: float


@dataclass(slots=True)
class Row:
    """Of the leaderboard: one contestant, an outcome for each way to deal the series out."""

    name: str
    outcomes: list[Outcome] = field(default_factory=list)
    cpu_seconds: float = 0.0
    curve: list[tuple[float, float]] = field(default_factory=list)
    """Recall and precision, by threshold."""

    @property
    def f1(self) -> float:
        """The mean of all deals."""
        return fmean(each.f1 for each in self.outcomes) if self.outcomes else 0.0

    @property
    def spread(self) -> float:
        """How much it differs between them, as a standard deviation."""
        return pstdev([each.f1 for each in self.outcomes]) if self.outcomes else 0.0


class Thresholds(NamedTuple):
    """Of a model by itself, and of one that runs behind guards, who find some things without it."""

    alone: float
    behind_guards: float


def choose(learner: Learner, series: Sequence[Material]) -> tuple[Fitted, Thresholds] | None:
    """A model of these series, and its thresholds; None if they hold examples of one kind only."""
    model = _fit(learner, series)
    if model is None:
        return None
    seen: list[ScoredSeries] = []
    for held in folds((each.name for each in series), _INNER, seed=1):
        inside = [each for each in series if each.name in held]
        rest = [each for each in series if each.name not in held]
        other = _fit(learner, rest) if rest else None
        if other is not None:
            seen += _in_its_scale(model, other, inside)
    if not seen:
        return None
    guarded_of = {each.name: each.guarded for each in series}
    behind = [each._replace(scores=np.where(guarded_of[each.name], _GUARDED, each.scores).tolist()) for each in seen]
    return model, Thresholds(best_threshold(seen), best_threshold(behind))


def run(
    series: Sequence[Material],
    seeds: Sequence[int],
    learners: Mapping[str, Learner] = LEARNERS,
    step: Callable[[str], None] = lambda _name: None,
) -> list[Row]:
    """All of them, with the series dealt out again for each seed. `step` is called after each of `steps`."""
    with one_thread():
        return list(_rows(series, seeds, learners, step))


def one_thread() -> "threadpool_limits":
    """There is little for each call to do: threads would wait for each other."""
    import sklearn.ensemble  # noqa: F401, PLC0415 - only what is loaded already is limited

    return threadpool_limits(1)


def _rows(
    series: Sequence[Material], seeds: Sequence[int], learners: Mapping[str, Learner], step: Callable[[str], None]
) -> Iterator[Row]:
    yield _untrained(series, seeds)
    yield _fixed(RULE, series, seeds, _by_rule)
    chances = [_fixed(CHANCE, series, seeds, _by_chance(number)) for number in range(_CHANCES)]
    yield Row(CHANCE, [each for row in chances for each in row.outcomes], chances[0].cpu_seconds, chances[0].curve)
    for name, learner in learners.items():
        yield from _trained(name, learner, series, seeds, step)


def steps(seeds: Sequence[int], learners: Mapping[str, Learner] = LEARNERS) -> int:
    """Of a run."""
    return len(seeds) * len(learners)


def by_time(series: Sequence[Material]) -> tuple[list[Material], list[Material]]:
    """What came first, and what came later, of each."""
    first, later = [], []
    for each in series:
        cut = int(_LATER * len(each.starts))
        if 0 < cut < len(each.starts):
            first.append(each.part(0, cut, each.name))
            later.append(each.part(cut, len(each.starts), each.name))
    return first, later


def counted(series: Sequence[Material], chosen: Chosen) -> Outcome:
    """What comes of scores and a threshold."""
    total = Outcome()
    for each in series:
        total.add(each.scored(chosen.score(each).tolist()), chosen.threshold)
    return total


def behind_guards(model: Fitted) -> Scorer:
    """The scores of a model, and what guards object to above any threshold."""
    return lambda each: np.where(each.guarded, _GUARDED, model.score(each.rows))


def guarded(name: str) -> str:
    """The name of a model that runs as in the monitor: guards before it, the rule's findings up to it."""
    return f"guards + rule + {name}"


def _trained(
    name: str, learner: Learner, series: Sequence[Material], seeds: Sequence[int], step: Callable[[str], None]
) -> list[Row]:
    alone, both = Row(name), Row(guarded(name))
    started = time.process_time()
    for number, seed in enumerate(seeds):
        outcomes = (Outcome(), Outcome())
        seen: list[ScoredSeries] = []
        for held in folds((each.name for each in series), OUTER, seed):
            inside = [each for each in series if each.name in held]
            chosen = choose(learner, [each for each in series if each.name not in held])
            if chosen is None:
                continue
            model, thresholds = chosen
            for each, scores in zip(inside, _scores(model, inside), strict=True):
                outcomes[0].add(each.scored(scores.tolist()), thresholds.alone)
                behind = np.where(each.guarded, _GUARDED, scores)
                outcomes[1].add(each.scored(behind.tolist()), thresholds.behind_guards)
                seen.append(each.scored((scores - thresholds.alone).tolist()))
        alone.outcomes.append(outcomes[0])
        both.outcomes.append(outcomes[1])
        if not number:
            alone.curve = _curve(seen)
        step(name)
    alone.cpu_seconds = both.cpu_seconds = (time.process_time() - started) / max(1, len(seeds))
    return [alone, both]


def _fixed(name: str, series: Sequence[Material], seeds: Sequence[int], score: Scorer) -> Row:
    """Scores that need no training, by thresholds that are chosen on other series."""
    started = time.process_time()
    scored = {each.name: each.scored(score(each).tolist()) for each in series}
    row = Row(name)
    for seed in seeds:
        total = Outcome()
        for held in folds(scored, OUTER, seed):
            threshold = best_threshold([each for name, each in scored.items() if name not in held])
            for each in held:
                total.add(scored[each], threshold)
        row.outcomes.append(total)
    row.curve = _curve(list(scored.values()))
    row.cpu_seconds = (time.process_time() - started) / max(1, len(seeds))
    return row


def _untrained(series: Sequence[Material], seeds: Sequence[int]) -> Row:
    """As the monitor runs before anybody has labelled anything."""
    total = counted(series, Chosen(lambda each: each.found.astype(np.float64), 0.5))
    return Row(UNTRAINED, [total] * len(seeds))


def _by_rule(each: Material) -> Numbers:
    return each.rows[:, column("rule")]


def _by_chance(number: int) -> Scorer:
    def score(each: Material) -> Numbers:
        chance = random.Random(f"{number} {each.name}")
        return np.array([chance.random() for _ in each.starts])

    return score


def _fit(learner: Learner, series: Sequence[Material]) -> Fitted | None:
    if not series:
        return None
    rows = np.concatenate([each.rows[each.examples] for each in series])
    labels = np.concatenate([each.labels for each in series])
    if labels.all() or not labels.any():
        return None
    return learner(rows, labels, np.concatenate([each.weights for each in series]))


def _in_its_scale(model: Fitted, other: Fitted, held: Sequence[Material]) -> list[ScoredSeries]:
    """Scores of held series by the other model, which has not seen them, as the model would write them: what is as
    high for the one as for the other is at the same rank among their scores of these series."""
    theirs = _scores(other, held)
    if model.document["kind"] == "logistic":  # what leaves say is in one scale anyway
        ranked, ours = (np.sort(np.concatenate(each)) for each in (theirs, _scores(model, held)))
        theirs = [np.interp(scores, ranked, ours) for scores in theirs]
    return [each.scored(scores.tolist()) for each, scores in zip(held, theirs, strict=True)]


def _scores(model: Fitted, series: Sequence[Material]) -> list[Numbers]:
    """Of each: all in one call, as calls cost more than rows."""
    ends = np.cumsum([len(each.rows) for each in series])
    return np.split(model.score(np.concatenate([each.rows for each in series])), ends[:-1])


def _curve(series: Sequence[ScoredSeries]) -> list[tuple[float, float]]:
    """Recall and precision at thresholds from one bucket in 30,000 to one in ten."""
    scores = np.sort(np.concatenate([np.array(each.scores[each.counted_from :]) for each in series] or [np.zeros(0)]))
    if not len(scores):
        return []
    found = []
    for share in np.geomspace(3e-5, 0.1, 25):
        total = Outcome()
        for each in series:
            total.add(each, float(scores[int((len(scores) - 1) * (1 - share))]))
        found.append((total.recall, total.precision))
    return found
