"""From samples to figures: restarts, replicas that come and go, and counters that appear with their first event."""

from collections.abc import Iterator
from math import inf

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from event_processor.gate.figures import Figures, Series
from event_processor.gate.reading import NEEDED, START, figures_of
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.testing import ManualClock
from tests.unit.telemetry.test_telemetry import tell_everything

A, B = {"instance": "a:8000"}, {"instance": "b:8000"}
RECEIVED = "event_processor_submissions_received_total"
RELEASED = "event_processor_submissions_released_total"
REJECTS = "event_processor_rejects_total"
BEGIN = 1000.0


def started(replica: dict[str, str], *at: float, before: float | None = None) -> Series:
    """When its processes were started, as each scrape told."""
    return Series(START, replica, at, before)


def scraped() -> Iterator[Series]:
    """Of a process that was told each fact once, and was started in the window."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    tell_everything(RunTelemetry(Metrics(registry, CATALOGUE), ManualClock()).observer, "x")
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            yield Series(sample.name, sample.labels, [sample.value])


def test_reads_what_a_processor_exports() -> None:
    """Each name that is asked for is one that a scrape has, and each figure is found in it."""
    series = list(scraped())
    figures = figures_of(series, begin=0)

    assert set(NEEDED) <= {one.name for one in series}
    nothing = Figures()
    not_told = {"restarts", "oldest_unfinished_seconds", "unfinished_limit_seconds", "since", "missing"}
    for name in set(Figures.__slots__) - not_told:
        assert getattr(figures, name) != getattr(nothing, name), name
    assert figures.ages[inf] >= figures.ages[1.0]


@pytest.mark.parametrize(
    ("before", "values", "rise"),
    [
        (10.0, (10.0, 15.0, 20.0), 10),  # as usual
        (10.0, (15.0, 2.0, 5.0), 10),  # restarted in between: 5 before, 5 after
        (10.0, (3.0,), 3),  # restarted before the first scrape of the window
        (10.0, (10.0, 10.0), 0),
    ],
)
def test_a_counter_that_was_there_before(before: float, values: tuple[float, ...], rise: float) -> None:
    """What it rose by in the window, restarts included."""
    series = [started(A, 1.0, before=1.0), Series(RECEIVED, A, values, before)]

    assert figures_of(series, BEGIN).submissions == rise


def test_a_replica_that_was_started_in_the_window_counts_from_nothing() -> None:
    """What happened before its first scrape happened in the window, too."""
    series = [started(A, BEGIN + 5), Series(RECEIVED, A, [7.0, 9.0])]

    assert figures_of(series, BEGIN).submissions == 9


def test_a_reason_that_appears_counts_from_nothing() -> None:
    """The first reject of a reason is not lost because its series did not exist before."""
    labels = A | {"reason": "no_json"}
    series = [started(A, 1.0, before=1.0), Series(REJECTS, labels, [3.0])]

    assert figures_of(series, BEGIN).rejects == {"no_json": 3}


def test_an_old_replica_that_prometheus_learns_of_has_its_past_left_out() -> None:
    """What it did in the weeks before its first scrape is not of these minutes."""
    series = [started(A, 1.0), Series(RECEIVED, A, [1_000_000.0, 1_000_004.0])]

    assert figures_of(series, BEGIN).submissions == 4


def test_restarts_are_those_of_the_replica_that_has_most() -> None:
    """Ten replicas that restart once are no reason to let a canary restart ten times."""
    series = [started(A, 5.0, 6.0, before=4.0), started(B, 7.0, 7.0, before=7.0)]
    figures = figures_of(series, BEGIN)

    assert (figures.replicas, figures.restarts) == (2, 2)


def test_a_violation_of_the_order_is_never_too_old() -> None:
    """One from before the window counts for as long as the replica runs, and one from before its restart as well."""
    name = "event_processor_order_violations_total"
    series = [started(A, 1.0, before=1.0), Series(name, A, [1.0, 1.0], 1.0), Series(name, B, [2.0, 0.0], 2.0)]

    assert figures_of(series, BEGIN).order_violations == 3


def test_a_message_that_our_code_failed_on_is_a_bug() -> None:
    """What a stopping replica gives back is none. The series is the one that a processor has from its start on."""
    reasons = {one.labels["reason"] for one in scraped() if one.name == RELEASED}
    series = [Series(RELEASED, A | {"reason": reason}, [5.0], 3.0) for reason in reasons]

    assert len(reasons) > 1
    assert figures_of([started(A, 1.0, before=1.0), *series], BEGIN).bugs == 2


def test_a_metric_that_every_processor_has_is_missed() -> None:
    """Without it nobody can say that the order was never violated; a processor before its first call misses nothing."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    RunTelemetry(Metrics(registry, CATALOGUE), ManualClock())
    families = text_string_to_metric_families(generate_latest(registry).decode())
    series = [Series(each.name, each.labels, [each.value]) for family in families for each in family.samples]
    violations = "event_processor_order_violations_total"

    assert figures_of(series, begin=0).missing == []
    assert figures_of([one for one in series if one.name != violations], begin=0).missing == [violations]


def test_since_when_a_side_is_known() -> None:
    """By the replica that was scraped first; one that was scraped before the window covers all of it."""
    late, later = (Series(START, replica, (1.0,), at=at) for replica, at in ((A, 1500.0), (B, 1700.0)))

    assert figures_of([late, later], BEGIN).since == 1500.0
    assert figures_of([late, Series(START, B, (1.0,), before=1.0, at=1010.0)], BEGIN).since == BEGIN
