"""From runs to rows and targets. Ratios are taken within a round, between neighbours in time; then their median."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from benchmarks.end_to_end.contenders import BOTO3, LEAN, LOOP, PEERS
from benchmarks.end_to_end.measure import Run
from benchmarks.report import Spread, Target, number

Value = Callable[[Run], float]
SPEED: Final[Value] = attrgetter("events_per_second")
CPU: Final[Value] = attrgetter("cpu_us_per_event")


def rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row for each condition and contender, faults of all rounds added up."""
    found = []
    for latency_seconds, refused_share in dict.fromkeys((one.latency_seconds, one.refused_share) for one in runs):
        same = [one for one in runs if (one.latency_seconds, one.refused_share) == (latency_seconds, refused_share)]
        found += [_row([one for one in same if one.contender == name], same) for name in _names(same)]
    return found


def ratio(runs: Sequence[Run], value: Value, above: str, below: str) -> Spread | None:
    """A value of one contender as a multiple of the other's, under one condition; None if no round has both."""
    divisors = {one.round: value(one) for one in runs if one.contender == below and value(one)}
    ratios = [value(one) / divisors[one.round] for one in runs if one.contender == above and one.round in divisors]
    return Spread.of(ratios) if ratios else None


def targets(runs: Sequence[Run]) -> list[Target]:
    """The targets of end to end that these runs can judge, each under the conditions it names."""
    found = []
    for latency_seconds, least in ((0.005, 60), (0.02, 100)):
        gain = ratio(_under(runs, latency_seconds), SPEED, BOTO3, LOOP)
        if gain is not None:
            text = f"plain boto3 at least {least} times the sequential loop at {latency_seconds * 1000:.0f} ms"
            found.append(Target(text, f"{gain} times", gain.median >= least))
    calm = {one.latency_seconds: _under(runs, one.latency_seconds) for one in runs if one.refused_share == 0}
    return [*found, *_lean(calm), *_peers(runs)]


def backend_ceiling(runs: Sequence[Run]) -> str:
    """How far the back end was from being the bottleneck."""
    busiest = max(runs, key=attrgetter("backend_share"))
    return (
        f"Back end: at most {busiest.backend_share:.0%} of its core busy ({busiest.contender}, "
        f"{number(busiest.events_per_second)} events/s), so its own ceiling there is "
        f"{number(busiest.events_per_second / busiest.backend_share)} events/s."
    )


def _row(mine: Sequence[Run], all_contenders: Sequence[Run]) -> dict[str, Any]:
    first = mine[0]
    return {
        "latency_seconds": first.latency_seconds,
        "refused_share": first.refused_share,
        "contender": first.contender,
        "receivers": first.receivers,
        "events_per_second": Spread.of(map(SPEED, mine)),
        "cpu_us_per_event": Spread.of(map(CPU, mine)),
        "times_the_loop": ratio(all_contenders, SPEED, first.contender, LOOP),
        "lost": sum(one.verdict.lost for one in mine),
        "repeated": sum(one.verdict.repeated for one in mine),
        "out_of_order": sum(one.verdict.out_of_order for one in mine),
    }


def _lean(calm: Mapping[float, Sequence[Run]]) -> list[Target]:
    """Judged at the latency that is worst for it."""
    shares = [share for runs in calm.values() if (share := ratio(runs, CPU, LEAN, BOTO3)) is not None]
    own = [[SPEED(one) for one in runs if one.contender == LEAN] for runs in calm.values()]
    speeds = [Spread.of(values) for values in own if values]
    found = []
    if shares:
        worst = max(shares, key=attrgetter("median"))
        text = "lean transport at most 0.45 of plain boto3's CPU per event, at any latency"
        found.append(Target(text, str(worst), worst.median <= 0.45))
    if speeds:
        least = min(speeds, key=attrgetter("median"))
        text = "lean transport at least 20,000 events/s at five events a submission, at any latency"
        found.append(Target(text, f"{least} events/s", least.median >= 20_000))
    return found


def _peers(runs: Sequence[Run]) -> list[Target]:
    """Events per CPU second against the peer that comes nearest, under the condition where it does."""
    conditions = {(one.latency_seconds, one.refused_share) for one in runs}
    leads = [
        lead
        for condition in conditions
        for peer in PEERS
        if (lead := ratio(_under(runs, *condition), CPU, peer, LEAN)) is not None
    ]
    if not leads:
        return []
    nearest = min(leads, key=attrgetter("median"))
    faults = sum(one.verdict.lost + one.verdict.out_of_order for one in runs if one.contender in (BOTO3, LEAN))
    text = "ahead of every peer in events per CPU second under every condition, order kept"
    measured = f"at least {nearest} times; {faults} of ours lost or out of order"
    return [Target(text, measured, nearest.median > 1 and faults == 0)]


def _under(runs: Sequence[Run], latency_seconds: float, refused_share: float = 0.0) -> list[Run]:
    return [one for one in runs if (one.latency_seconds, one.refused_share) == (latency_seconds, refused_share)]


def _names(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(one.contender for one in runs))
