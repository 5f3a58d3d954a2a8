"""The rules of the gate. docs/deploying.md explains them in words; the two must agree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf, sqrt
from typing import Final

from event_processor.gate.figures import Figures
from event_processor.gate.interval import limits

RELATIVE: Final = 0.25  # tolerated on top: this share of what the stable replicas have
REJECTS_TOLERATED: Final = 0.005  # a tenth of what EventProcessorRejectsHigh alerts at
BUGS_TOLERATED: Final = 0.005
CALLS_TOLERATED: Final = 0.01
LATE_TOLERATED: Final = 0.05
USUAL_SHARE: Final = 0.9  # of stable submissions: older than these is late
LEAST_LATE_SECONDS: Final = 1.0  # below, nobody minds
RESTARTS_FOR_SURE: Final = 2


class Verdict(Enum):
    """What to do; its value is the exit code."""

    PROMOTE = 0
    ROLL_BACK = 1
    NOT_ENOUGH_DATA = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: both sides in words, the verdict, and why."""

    name: str
    stable: str
    canary: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds for which both sides are known, of those that should be."""

    seconds: float
    wanted_seconds: float


@dataclass(frozen=True, slots=True)
class _Share:
    """A share of so many independent cases."""

    share: float
    cases: float

    def __str__(self) -> str:
        return f"{100 * self.share:.3g} % of {self.cases:,.0f}"


def judge(stable: Figures, canary: Figures, window: Window) -> list[Check]:
    """All checks, in the order of their weight."""
    return [
        _watched(stable, canary, window),
        _order(stable, canary),
        _bugs(stable, canary),
        *_rejects(stable, canary),
        _calls(stable, canary),
        _age(stable, canary),
        _unfinished(stable, canary),
        _restarts(stable, canary),
    ]


def verdict_of(checks: Sequence[Check]) -> Verdict:
    """One that fails is enough to roll back; promoting needs all of them."""
    found = {check.verdict for check in checks}
    for verdict in (Verdict.ROLL_BACK, Verdict.NOT_ENOUGH_DATA):
        if verdict in found:
            return verdict
    return Verdict.PROMOTE


def _watched(stable: Figures, canary: Figures, window: Window) -> Check:
    reason, verdict = "both were watched for long enough", Verdict.NOT_ENOUGH_DATA
    if not canary.replicas:
        reason = "Prometheus scrapes no canary"
    elif not stable.replicas:
        reason = "Prometheus scrapes no stable replica"
    elif missing := [*canary.missing, *stable.missing]:
        reason = f"Prometheus has no {missing[0]} of {'the canary' if canary.missing else 'the stable replicas'}"
    elif window.seconds < window.wanted_seconds:
        reason = f"Prometheus knows both for {window.seconds / 60:.1f} of {window.wanted_seconds / 60:g} minutes"
    else:
        verdict = Verdict.PROMOTE
    return Check("replicas watched", f"{stable.replicas}", f"{canary.replicas}", verdict, reason)


def _order(stable: Figures, canary: Figures) -> Check:
    clean = not canary.order_violations
    return Check(
        "order violations",
        f"{stable.order_violations:g}",
        f"{canary.order_violations:g}",
        Verdict.PROMOTE if clean else Verdict.ROLL_BACK,
        "none" if clean else "there must never be any, since the canary was started",
    )


def _bugs(stable: Figures, canary: Figures) -> Check:
    name, ours, theirs = "bugs", _of_submissions(stable.bugs, stable), _of_submissions(canary.bugs, canary)
    if not canary.bugs:
        return Check(name, str(ours), str(theirs), Verdict.PROMOTE, "none")
    if not stable.bugs:
        return Check(
            name, str(ours), str(theirs), Verdict.ROLL_BACK, "one is enough where the stable replicas have none"
        )
    return _compare(name, ours, theirs, BUGS_TOLERATED)


def _rejects(stable: Figures, canary: Figures) -> Iterator[Check]:
    for reason in sorted(stable.rejects.keys() | canary.rejects.keys()):
        shares = [_rejected(side.rejects.get(reason, 0), side) for side in (stable, canary)]
        if any(share.share for share in shares):
            yield _compare(f"rejects: {reason}", shares[0], shares[1], REJECTS_TOLERATED)
    ours, theirs = (_rejected(sum(side.rejects.values()), side) for side in (stable, canary))
    yield _compare("rejects, all reasons", ours, theirs, REJECTS_TOLERATED)


def _calls(stable: Figures, canary: Figures) -> Check:
    ours, theirs = (_Share(_part(side.failed_calls, side.calls), side.calls) for side in (stable, canary))
    return _compare("failed calls", ours, theirs, CALLS_TOLERATED)


def _age(stable: Figures, canary: Figures) -> Check:
    bound = _late_bound(stable)
    ours, theirs = (_late(side, bound) for side in (stable, canary))
    return _compare(f"older than {bound:g} s", ours, theirs, LATE_TOLERATED)


def _unfinished(stable: Figures, canary: Figures) -> Check:
    """As EventProcessorUnfinished, where the stable replicas do not wait as well: for Kinesis, for example."""
    ours, theirs = stable.oldest_unfinished_seconds, canary.oldest_unfinished_seconds
    stuck = 0 < canary.unfinished_limit_seconds / 2 < theirs and theirs > 2 * ours
    return Check(
        "longest in hand",
        f"{ours:.0f} s",
        f"{theirs:.0f} s",
        Verdict.ROLL_BACK if stuck else Verdict.PROMOTE,
        "over half of UNFINISHED_LIMIT, and twice the stable replicas' time" if stuck else "not stuck",
    )


def _restarts(stable: Figures, canary: Figures) -> Check:
    more = canary.restarts - stable.restarts
    verdict, reason = Verdict.PROMOTE, "no more than a stable replica"
    if more >= RESTARTS_FOR_SURE:
        verdict, reason = Verdict.ROLL_BACK, "it restarts again and again"
    elif more > 0:
        verdict, reason = (
            Verdict.NOT_ENOUGH_DATA,
            "a single one may be the machine's: look why, and ask again later",
        )
    return Check("restarts of a replica", f"{stable.restarts}", f"{canary.restarts}", verdict, reason)


def _compare(name: str, stable: _Share, canary: _Share, tolerated: float) -> Check:
    """Whether the canary's share is higher than it may be: surely, surely not, or nobody can tell yet."""
    may_be_more = tolerated + RELATIVE * stable.share
    low, high = _difference(stable, canary)
    if low > may_be_more:
        verdict = Verdict.ROLL_BACK
    elif high <= may_be_more:
        verdict = Verdict.PROMOTE
    else:
        verdict = Verdict.NOT_ENOUGH_DATA
    reason = f"{100 * low:+.2f} to {100 * high:+.2f} percentage points; {100 * may_be_more:+.2f} are tolerated"
    return Check(name, str(stable), str(canary), verdict, reason)


def _difference(stable: _Share, canary: _Share) -> tuple[float, float]:
    """By how much the canary's true share may be higher, from the limits of both (Newcombe; Zou and Donner)."""
    stable_low, stable_high = limits(stable.share * stable.cases, stable.cases)
    canary_low, canary_high = limits(canary.share * canary.cases, canary.cases)
    difference = canary.share - stable.share
    return (
        difference - sqrt((canary.share - canary_low) ** 2 + (stable_high - stable.share) ** 2),
        difference + sqrt((canary_high - canary.share) ** 2 + (stable.share - stable_low) ** 2),
    )


def _rejected(count: float, side: Figures) -> _Share:
    """Of the events. But the cases are submissions, because the events of one share its fate."""
    return _Share(_part(count, side.events), min(side.submissions, side.events))


def _of_submissions(count: float, side: Figures) -> _Share:
    return _Share(_part(count, side.submissions), side.submissions)


def _late_bound(stable: Figures) -> float:
    """The age that most stable submissions do not exceed, as far as the histogram tells."""
    counted = stable.ages.get(inf, 0)
    usual = [bound for bound, count in stable.ages.items() if counted and count >= USUAL_SHARE * counted]
    return min((bound for bound in usual if bound >= LEAST_LATE_SECONDS), default=LEAST_LATE_SECONDS)


def _late(side: Figures, bound: float) -> _Share:
    counted = side.ages.get(inf, 0)
    return _Share(_part(counted - side.ages.get(bound, 0), counted), counted)


def _part(count: float, whole: float) -> float:
    return min(1.0, max(0.0, count / whole)) if whole > 0 else 0.0
