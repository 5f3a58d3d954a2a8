"""The monitor, with its ports in memory; findings by a simple rule, since the detectors have tests of their own."""

import gzip
from dataclasses import replace
from typing import Any

import orjson
import pytest

from event_processor.errors import CallFailed
from event_processor.metrics.metric import Metric
from event_processor.monitoring.features import FEATURES
from event_processor.monitoring.hushes import HushStore
from event_processor.monitoring.known import label_incident
from event_processor.monitoring.labels import LabelState
from event_processor.monitoring.series import Evaluation
from event_processor.notices.notice import Severity, State
from event_processor.verdict import Reason
from tests.monitors import START, WRONG, RuledSeries, Scene, by_rule, metric

__all__ = ["by_rule"]
pytestmark = pytest.mark.usefixtures("by_rule")
ROWS = "orders/rows"


def test_a_finding_is_told_once_and_its_end_too() -> None:
    """People hear once that a metric is wrong, however many buckets that lasts, and once that it is well again."""
    scene = Scene()
    for number in range(20):
        scene.minute(number, metric(number, WRONG if 5 <= number < 15 else 10.0))
    scene.settle()

    assert scene.told == [("new", ROWS), ("recovered", ROWS)]
    notice = scene.messages[0].entries[0].notice
    assert (notice.subject, notice.code, notice.severity) == ("orders", "baseline", Severity.WARNING)
    assert dict(notice.fields)["Expected"] == "10, from 5 to 15"
    assert notice.link == f"http://status.example/findings/{dict(notice.fields)['Finding']}"
    assert scene.is_done


def test_a_finding_is_told_within_seconds_of_its_metric() -> None:
    """Nobody waits for a schedule: what arrives is judged and told, and stored, within five seconds."""
    scene = Scene()
    scene.minute(0, metric(0, WRONG))
    for _ in range(5):
        scene.clock.advance(1.0)
        scene.turns()
    assert scene.told == [("new", ROWS)]
    scene.kill()
    assert scene.open == [ROWS]


def test_a_value_on_the_edge_is_one_incident() -> None:
    """A metric that is wrong every other minute is not a message every minute."""
    scene = Scene()
    for number in range(20):
        scene.minute(number, metric(number, WRONG if number % 2 else 10.0))
    assert scene.told == [("new", ROWS)]


def test_two_hundred_metrics_that_break_together_are_one_message() -> None:
    """The list has all of them by name: twenty with their facts, the others in a line."""
    scene = Scene()
    for number in range(6):
        names = [f"rows_{place:03}" for place in range(200)]
        scene.minute(number, *(metric(number, WRONG if number == 4 else 10.0, name) for name in names))
    scene.settle()

    new = scene.messages[0]
    assert (len(new.entries), len(new.rest), new.more_keys) == (20, 180, 180)
    assert {entry.notice.pointer for entry in (*new.entries, *new.rest)} == {f"orders/{name}" for name in names}
    assert {entry.state for entry in (*new.entries, *new.rest)} == {State.NEW}


def test_a_killed_monitor_tells_nothing_twice_and_forgets_nothing() -> None:
    """After kill -9 an incident that people know of goes on silently, and its end is told."""
    scene = Scene()
    for number in range(6):
        scene.minute(number, metric(number, WRONG if number >= 3 else 10.0))
        scene.settle()
        scene.kill()
    assert scene.told == [("new", ROWS)]
    for number in range(6, 9):
        scene.minute(number, metric(number))
    scene.settle()
    assert scene.told == [("new", ROWS), ("recovered", ROWS)]


def test_what_was_found_and_not_told_is_told_by_the_next_process() -> None:
    """A monitor that is killed while a channel is down loses no finding, nor the end of one that people know of."""
    scene = Scene()
    scene.channel.is_down = True
    scene.minute(0, metric(0, WRONG))
    scene.settle()
    scene.kill()
    scene.settle()
    assert scene.told == [("new", ROWS)]

    scene.settle()
    scene.channel.is_down = True
    scene.minute(1, metric(1))
    scene.minute(2, metric(2))
    scene.settle()
    scene.kill()
    scene.settle()
    assert scene.told == [("new", ROWS), ("recovered", ROWS)]


def test_the_same_bucket_twice_is_one_evaluation() -> None:
    """A record that comes twice, or again after a crash, is judged once; a revision is judged again."""
    scene = Scene()
    scene.minute(0, metric(0), metric(0), metric(0, 11.0, revision=1))
    scene.turns()
    outcomes = [str(taken) for taken, _, _ in scene.observer.of("took")]
    assert outcomes == ["evaluated", "repeated", "evaluated"]


def test_a_correction_takes_the_finding_back() -> None:
    """A late revision that is as expected closes the incident as corrected, and people hear that it is over."""
    scene = Scene()
    scene.minute(0, metric(0, WRONG))
    scene.settle()
    scene.minute(1, metric(0, 10.0, revision=1))
    scene.settle()

    assert scene.told == [("new", ROWS), ("recovered", ROWS)]
    assert [incident.state for (incident,) in scene.observer.of("over")] == ["corrected"]


def test_a_state_that_cannot_be_written_holds_the_checkpoint() -> None:
    """While the state is down metrics are judged and told, and the checkpoint waits; then everything is stored."""
    scene = Scene()
    scene.files.is_down = True
    scene.minute(0, metric(0, WRONG))
    scene.settle()
    assert (scene.told, scene.reading.checkpoints) == ([("new", ROWS)], {"shardId-000000000000": 0})

    scene.files.is_down = False
    scene.settle()
    assert scene.is_done


def test_what_is_no_metric_is_a_reject_and_stops_nothing() -> None:
    """Garbage, and a bucket of the future, are stored as rejects and told; the metrics between them are judged."""
    scene = Scene()
    scene.minute(0, b"{", metric(0), metric(1_000_000), b'{"dataset": "a"}', metric(0, name="lag"))
    scene.settle()

    stored = scene.rejects.stored
    assert [reject.reason for reject in stored] == [Reason.INVALID, Reason.OUT_OF_RANGE, Reason.INVALID]
    assert {reject.origin.name for reject in stored} == {"quality-metrics"}
    assert sorted(scene.monitor.evaluator.tracked) == ["orders/lag", "orders/rows"]
    assert {pointer for _, pointer in scene.told} == {"", "/bucket_start"}
    assert scene.is_done


def test_a_bug_of_ours_costs_one_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric on which the detectors fail is counted as broken; the next ones are judged, and the stream goes on."""
    scene, judge = Scene(), RuledSeries.evaluate

    def evaluate(series: RuledSeries, of: Metric, *given: Any) -> Evaluation | None:
        if of.series.name == "bad":
            raise ZeroDivisionError
        return judge(series, of, *given)

    monkeypatch.setattr(RuledSeries, "evaluate", evaluate)
    scene.minute(0, metric(0, name="bad"), metric(0, WRONG))
    scene.settle()

    assert [str(taken) for taken, _, _ in scene.observer.of("took")] == ["broken", "evaluated"]
    assert [type(error) for (error,) in scene.observer.of("broken")] == [ZeroDivisionError]
    assert scene.told == [("new", ROWS)]
    assert scene.is_done


@pytest.mark.parametrize(("full_bytes", "is_done"), [(1, True), (1_000_000, False)])
def test_much_in_hand_is_stored_at_once(full_bytes: int, is_done: bool) -> None:
    """Before the next round of storing is due, so that memory is bounded by what may be in hand."""
    scene = Scene(full_bytes=full_bytes)
    scene.minute(0, metric(0))
    scene.put(metric(1))
    scene.turns()

    assert scene.is_done == is_done


def test_a_stop_says_what_is_not_stored() -> None:
    """Whoever stops a monitor whose state is down is told that metrics come again; else all is in safe hands."""
    scene = Scene()
    scene.files.is_down = True
    scene.minute(0, metric(0), metric(0, name="lag"))

    outcome = scene.monitor.finish(3.0)
    assert (outcome.unfinished, outcome.is_clean) == (2, False)

    scene.files.is_down = False
    outcome = scene.monitor.finish(3.0)
    assert (outcome.unfinished, outcome.is_clean) == (0, True)


def test_more_series_than_there_may_be() -> None:
    """A sender that invents series takes no memory beyond the limit, and those that are known are judged on."""
    scene = Scene(most_series=10)
    scene.minute(0, *(metric(0, name=f"n{number}") for number in range(30)))
    scene.minute(1, metric(1, WRONG, name="n3"), metric(1, WRONG, name="n20"))
    scene.settle()

    assert len(scene.monitor.evaluator.tracked) == 10
    assert scene.told == [("new", "orders/n3")]
    assert [str(taken) for taken, _, _ in scene.observer.of("took")].count("refused") == 21


def test_expected_ends_what_people_hear() -> None:
    """A finding that somebody calls expected is over at once, and stays so for as long as the same goes on."""
    scene = Scene()
    scene.minute(0, metric(0, WRONG))
    scene.settle()
    scene.label(ROWS, 0, 0, LabelState.EXPECTED)
    for number in range(1, 6):
        scene.minute(number, metric(number, WRONG))
    scene.minute(6, metric(6))
    scene.minute(7, metric(7))
    scene.settle()
    assert scene.told == [("new", ROWS), ("recovered", ROWS)]
    assert scene.open == []

    scene.minute(8, metric(8, WRONG))
    scene.settle()
    assert scene.told[2:] == [("new", ROWS)]


def test_a_label_counts_at_once_and_for_what_comes() -> None:
    """Nobody waits for the next metric to be rid of what is expected; work that begins during an incident ends it."""
    scene = Scene()
    scene.minute(0, metric(0, WRONG), metric(0, WRONG, name="lag"))
    scene.settle()
    scene.label(ROWS, 0, 0, LabelState.EXPECTED)
    scene.settle()
    assert scene.told[2:] == [("recovered", ROWS)]

    scene.label("orders/lag", 1, 9, LabelState.MAINTENANCE)
    scene.settle()
    assert len(scene.told) == 3
    scene.minute(1, metric(1, WRONG, name="lag"))
    scene.settle()
    assert scene.told[3:] == [("recovered", "orders/lag")]


def test_maintenance_is_not_told() -> None:
    """What happens while somebody is at work is no finding, for all series of the pattern."""
    scene = Scene()
    scene.label("orders/*", 0, 5, LabelState.MAINTENANCE)
    for number in range(8):
        scene.minute(number, metric(number, WRONG), metric(number, WRONG, name="lag"))
    scene.settle()

    assert [entry.count for entry in scene.messages[0].entries] == [1, 1]
    assert scene.observer.of("found")[0][0].bucket_start == START.timestamp() + 6 * 60


def test_a_snooze_is_silent_and_ends() -> None:
    """A snoozed series is judged and shown and not told; if it is still wrong when the snooze ends, it is told."""
    scene = Scene()
    HushStore(scene.files).snooze("orders/*", int(START.timestamp()) + 5 * 60, "ada", int(START.timestamp()))
    scene.giving.look()
    for number in range(4):
        scene.minute(number, metric(number, WRONG))
    assert (scene.told, scene.open) == ([], [ROWS])
    scene.minute(5, metric(5, WRONG))
    scene.settle()
    assert scene.told == [("new", ROWS)]


def test_an_acknowledged_incident_is_told_no_more() -> None:
    """Who is on it hears no reminders, and still hears that it is over."""
    scene = Scene()
    scene.minute(0, metric(0, WRONG))
    scene.settle()
    incident = scene.monitor.evaluator.tracked[ROWS].incidents.open
    assert incident is not None
    HushStore(scene.files).acknowledge(incident.id, "ada", int(START.timestamp()))
    scene.giving.look()
    for number in range(1, 200):
        scene.minute(number, metric(number, WRONG))
    assert scene.told == [("new", ROWS)]
    for number in range(200, 203):
        scene.minute(number, metric(number))
    scene.settle()
    assert scene.told == [("new", ROWS), ("recovered", ROWS)]


def test_what_nobody_acknowledges_is_told_again_after_an_hour() -> None:
    """An incident that goes on is a reminder an hour later, then ever less often."""
    scene = Scene()
    for number in range(130):
        scene.minute(number, metric(number, WRONG))
    assert scene.told == [("new", ROWS), ("goes_on", ROWS)]


def test_one_series_that_falls_silent_is_a_finding() -> None:
    """A metric that always came and does not is told, critically, with what is missing; the others are not."""
    scene = Scene()
    for number in range(10):
        scene.minute(number, metric(number), metric(number, name="lag"))
    for number in range(10, 13):
        scene.minute(number, metric(number, name="lag"))
    scene.settle()

    assert scene.told == [("new", ROWS)]
    notice = scene.messages[0].entries[0].notice
    assert (notice.code, notice.severity) == ("silence", Severity.CRITICAL)
    assert "2026-01-02 03:10 UTC" in notice.title

    scene.minute(13, metric(13), metric(13, name="lag"))
    scene.settle()
    assert scene.told == [("new", ROWS), ("recovered", ROWS)]


def test_when_nothing_comes_at_all_that_is_one_finding() -> None:
    """Two hundred silent metrics are one message: nothing is evaluated. Those that do not come back are told then."""
    scene = Scene()
    names = [f"n{number}" for number in range(200)]
    for number in range(5):
        scene.minute(number, *(metric(number, name=name) for name in names))
    scene.until(30)
    assert scene.told == [("new", "quality-metrics/metrics_arriving")]
    assert "nothing is evaluated" in scene.messages[0].entries[0].notice.title
    scene.kill()
    scene.until(40)
    assert len(scene.told) == 1

    for number in range(41, 46):
        scene.minute(number, *(metric(number, name=name) for name in names[1:]))
    scene.settle()
    assert scene.told[1:] == [("recovered", "quality-metrics/metrics_arriving"), ("new", "orders/n0")]


def test_a_monitor_that_is_behind_calls_nothing_silent() -> None:
    """What has arrived and is not read yet is not missing: silence is told of what was read, after a night off, too."""
    scene = Scene()
    for number in range(10):
        scene.minute(number, metric(number), metric(number, name="lag"))
    scene.settle()
    scene.kill()
    scene.clock.advance(8 * 3600)
    for _ in range(20):
        scene.tide.lag("shardId-000000000000", 8 * 3600 * 1000)
        scene.monitor.turn()
    assert scene.channel.send() is None


def test_a_model_that_cannot_be_read_changes_nothing() -> None:
    """The monitor goes on with what it has, and says what is wrong; when there is a good one, it is taken up."""
    scene = Scene()
    scene.files.content["models/promoted.json"] = b"{"
    scene.giving.look()
    scene.minute(0, metric(0))
    assert scene.giving.current.model is None
    assert [step for step, _ in scene.observer.of("failing")] == ["model"]

    logistic = {"kind": "logistic", "features": FEATURES[:1], "threshold": 0.5, "mean": [0], "scale": [1]}
    model = logistic | {"coefficients": [1], "intercept": 0}
    scene.files.content["models/promoted.json"] = orjson.dumps({"model": model})
    scene.giving.look()
    assert scene.giving.current.model is not None


def test_buckets_of_another_length_beside_a_series_do_not_end_it() -> None:
    """Sums of an hour under the name of a series of minutes erase nothing; a series that changes starts over."""
    scene = Scene()
    for number in range(60):
        scene.minute(number, metric(number))
    tracked = scene.monitor.evaluator.tracked[ROWS]
    before = tracked.series
    scene.put(replace(metric(0), bucket_seconds=3600))
    scene.turns()
    assert tracked.series is before

    scene.minute(119, replace(metric(60), bucket_seconds=3600))
    assert tracked.bucket_seconds == 3600


def test_a_state_of_another_form_is_said_to_be_one() -> None:
    """Whoever goes back to an older program reads why it does not start."""
    scene = Scene()
    scene.minute(0, metric(0))
    scene.settle()
    [name] = [each for each in scene.files.content if each.startswith("state/")]
    scene.files.content[name] = gzip.compress(b'{"version": 2, "series": []}')

    with pytest.raises(CallFailed, match="form 2, of another version of this program"):
        scene.kill()


def test_a_series_that_has_ended_for_good_is_told_until_somebody_says_so() -> None:
    """Its silence, labelled as expected by its id, is over for people, and is not told again, days later either."""
    scene = Scene()
    for number in range(30):
        scene.minute(number, metric(number, name="lag"), *([metric(number)] if number < 10 else []))
    [incident] = scene.monitor.evaluator.tracked[ROWS].incidents.all
    label_incident(scene.files, incident, LabelState.EXPECTED, "ada", "", int(scene.clock.now().timestamp()))
    scene.giving.look()
    scene.settle()
    assert scene.told == [("new", ROWS), ("recovered", ROWS)]

    for number in range(30, 200):
        scene.minute(number, metric(number, name="lag"))
    scene.kill()
    scene.minute(200, metric(200, name="lag"))
    scene.settle()
    assert scene.told == [("new", ROWS), ("recovered", ROWS)]
