"""Facts become log lines and metrics: the names people build on, once each, and never the payload."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import pytest
import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from event_processor.aws.answer_fields import shown_code
from event_processor.errors import CallFailed
from event_processor.publishing.stream import Record, Refused
from event_processor.submissions.delivery import EntryFailure
from event_processor.submissions.ports import Observer
from event_processor.submissions.verdicts import verdicts
from event_processor.telemetry import logs
from event_processor.telemetry.error_codes import MOST_UNKNOWN, OTHER, ErrorCodes
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.telling import CallObserver
from event_processor.testing import ManualClock
from event_processor.verdict import Reason
from local_aws.faults.codes import ALL_CODES, codes_of, injected_error
from local_aws.faults.operations import KINESIS, SQS
from tests.unit.samples import (
    EVENT_TYPES,
    RECEIVED_AT,
    RULES,
    SUBMISSION_ID,
    connection,
    delivery,
    process,
    records,
    rejects,
    submission,
)
from tools.readme_tables import metrics_rows

PUBLISHED_NAMES = {  # design, section 10: dashboards and alerts are built on these
    ("event_processor_submissions_received_total", ()),
    ("event_processor_submissions_deleted_total", ()),
    ("event_processor_submissions_released_total", ("reason",)),
    ("event_processor_events_published_total", ("event_type",)),
    ("event_processor_rejects_total", ("reason",)),
    ("event_processor_records_refused_total", ("error_code",)),
    ("event_processor_order_violations_total", ()),
    ("event_processor_submission_age_seconds", ()),
    ("event_processor_lanes_in_flight", ()),
    ("event_processor_bytes_in_flight", ()),
    ("event_processor_wave_records", ()),
    ("event_processor_call_seconds", ("operation",)),
    ("event_processor_queue_messages", ("state",)),
}
DOWN = CallFailed("put", "ReadTimeoutError", "no answer")


class Scene:
    """A telemetry with its registry, its clock and what it logged."""

    def __init__(self, capsys: pytest.CaptureFixture[str], level: str = "INFO") -> None:
        self._capsys = capsys
        self._level = level
        self.registry = CollectorRegistry()
        self.clock = ManualClock()

    @cached_property
    def telemetry(self) -> RunTelemetry:
        """Made at its first use, which is in the test: pytest has another standard error while it makes fixtures."""
        logs.configure(self._level, "json")
        return RunTelemetry(Metrics(self.registry, CATALOGUE), self.clock, EVENT_TYPES.names)

    def value(self, name: str, **labels: str) -> float | None:
        """A sample, as a scrape sees it."""
        return self.registry.get_sample_value(f"event_processor_{name}", labels)

    def lines(self) -> list[dict[str, object]]:
        """What was logged since the last look."""
        return [json.loads(line) for line in self._capsys.readouterr().err.splitlines()]

    def events(self) -> list[object]:
        """The names of what was logged since the last look."""
        return [line["event"] for line in self.lines()]


@pytest.fixture
def scene(capsys: pytest.CaptureFixture[str]) -> Iterator[Scene]:
    """At level INFO."""
    yield Scene(capsys)
    structlog.reset_defaults()


class Everything(Observer, CallObserver, Protocol):
    """Hears of every fact there is."""


def tell_everything(observer: Everything, canary: str) -> None:
    """Every fact there is, with the canary wherever a payload may stand."""
    events = {"new_process": [process(cmdl=canary, user=canary, **{canary: canary}), {"cmdl": [canary]}, canary]}
    sound = submission(events=events, **{canary: canary})
    bodies = [
        sound,
        submission(events={canary: [canary]}),
        submission(device_id=canary, submission_id=canary, time_created=canary),
        submission(events={"network_connection": [connection(source_ip=canary, destination_port=canary)]}),
        canary,
        json.dumps(canary),
        json.dumps(sound)[:-20],
        json.dumps({canary: 1})[:-1] + f', "x": {canary}}}',
    ]
    message = delivery(sound)
    observer.received([message], 0.1)
    observer.validated([(message, records(sound))])
    for body in bodies:
        observer.rejected(rejects(body))
    observer.wave([message.message_id], 1, 0, 0.1)
    observer.published(records(sound))
    observer.refused([Refused("InternalFailure")])
    observer.completed(message, 1.0)
    observer.order_violated(message)
    observer.deleted([message])
    observer.not_deleted([EntryFailure(message, "InternalError", gone=False)])
    observer.released([message], "stopping")
    observer.lost(message, "ReceiptHandleIsInvalid")
    observer.retried("put", "Throttling")
    observer.called("put", 0.1)
    observer.failing("put", DOWN)
    observer.working("put")
    observer.in_flight(1, 2)
    observer.halted("100 of 100")
    try:
        raise KeyError(canary)
    except KeyError as error:
        observer.broken(message, error)
        observer.crashed("publish", error)
        observer.untold("wave", error)


def test_names(scene: Scene) -> None:
    """A real scrape has every metric that users build on, under its name and with just its labels."""
    tell_everything(scene.telemetry.observer, "x")
    scene.telemetry.submissions.queue_depth(1, 2, 3)

    samples = {
        (sample.name.removesuffix("_count"), tuple(sorted(sample.labels)))
        for family in text_string_to_metric_families(generate_latest(scene.registry).decode())
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_sum", "_created"))
    }

    assert samples >= PUBLISHED_NAMES
    assert {name for name, _ in samples} == {f"event_processor_{spec.name}" for spec in CATALOGUE}


def test_conventions() -> None:
    """Counters end in _total, times in _seconds, and no metric has an id for a label: each would be a new series."""
    labels = {label for spec in CATALOGUE for label in spec.labels}

    assert labels == {"reason", "event_type", "error_code", "operation", "step", "state", "fact"}
    assert all(spec.name.endswith("_total") == (spec.kind == "counter") for spec in CATALOGUE)
    assert all(spec.help for spec in CATALOGUE)
    assert len({spec.name for spec in CATALOGUE}) == len(CATALOGUE)


def test_series_exist_from_the_start(scene: Scene) -> None:
    """Series that alerts are made of exist at zero before anything happens, so that a rate sees the first event."""
    assert scene.telemetry.steps.troubles == {}
    assert {scene.value("rejects_total", reason=reason.value) for reason in Reason} == {0}
    assert scene.value("events_published_total", event_type="network_connection") == 0
    assert scene.value("records_refused_total", error_code="ProvisionedThroughputExceededException") == 0
    assert scene.value("order_violations_total") == 0


def test_counts(scene: Scene) -> None:
    """Each fact is counted by what it is about: messages, events, rejects."""
    telemetry = scene.telemetry
    telemetry.submissions.received([delivery("a"), delivery("b")], 0.1)
    telemetry.publishing.published(records(submission()) + records(submission(events={"new_process": [process()] * 2})))
    telemetry.rejects.rejected(rejects(submission(events={"new_process": [{}, process(cmdl="")]})))
    telemetry.publishing.refused([Refused("InternalFailure")] * 3 + [Refused("Other")])
    telemetry.submissions.released([delivery("a")], "failed")
    telemetry.submissions.deleted([delivery("a")] * 4)

    assert scene.value("submissions_received_total") == 2
    assert scene.value("events_published_total", event_type="new_process") == 3
    assert scene.value("events_published_total", event_type="network_connection") == 1
    assert scene.value("rejects_total", reason="missing_field") == 1
    assert scene.value("rejects_total", reason="empty") == 1
    assert scene.value("records_refused_total", error_code="InternalFailure") == 3
    assert scene.value("records_refused_total", error_code="Other") == 1
    assert scene.value("submissions_released_total", reason="failed") == 1
    assert scene.value("submissions_deleted_total") == 4


def test_event_types_it_was_not_told_of(scene: Scene) -> None:
    """An event of a type that appeared after the start is counted as any other, and so is what came with it."""
    new = replace(records(submission())[0], event_type="appeared_later")
    scene.telemetry.publishing.published([new, new, *records(submission())])

    assert scene.value("events_published_total", event_type="appeared_later") == 2
    assert scene.value("events_published_total", event_type="new_process") == 1


def test_both_ids(scene: Scene) -> None:
    """A line about one message has its message id and its submission id; only a body without a sound one has none."""
    ids = []
    for body in (submission(), submission(events={}), "no JSON"):
        message = delivery(body, message_id="m-1")
        message.submission_id = verdicts(message.body, message.origin, RULES, RECEIVED_AT).submission_id
        scene.telemetry.submissions.order_violated(message)
        scene.telemetry.submissions.not_deleted([EntryFailure(message, "InternalError", gone=False)])
        scene.telemetry.submissions.lost(message, "ReceiptHandleIsInvalid")
        scene.telemetry.submissions.broken(message, KeyError())
        ids.append({(line["message_id"], line["submission_id"]) for line in scene.lines()})

    assert ids == [{("m-1", SUBMISSION_ID)}, {("m-1", SUBMISSION_ID)}, {("m-1", None)}]


def test_gauges(scene: Scene) -> None:
    """What is in flight and on the queue is shown as it is now, in all its states."""
    scene.telemetry.submissions.in_flight(7, 512)
    scene.telemetry.submissions.in_flight(0, 0)
    scene.telemetry.submissions.queue_depth(1, 2, 3)

    assert (scene.value("lanes_in_flight"), scene.value("bytes_in_flight")) == (0, 0)
    assert [scene.value("queue_messages", state=state) for state in ("visible", "in_flight", "delayed")] == [1, 2, 3]


def test_age(scene: Scene) -> None:
    """The age of a submission runs from its sending to its last acknowledgement, whatever the clocks disagree on."""
    message = delivery("x")
    scene.telemetry.submissions.completed(message, 4.0)
    early = scene.value("submission_age_seconds_sum")
    scene.clock.advance(30)
    scene.telemetry.submissions.completed(message, 4.0)

    assert early == 0
    assert scene.value("submission_age_seconds_sum") == pytest.approx(29.32, abs=0.01)
    assert scene.value("submission_held_seconds_sum") == 8


def test_one_line_for_each_change(scene: Scene) -> None:
    """A step that fails is a line when it starts, when the cause changes and when it works; each failure is counted."""
    other = CallFailed("put", "AccessDenied", "no")
    for _ in range(100):
        scene.telemetry.steps.failing("put", DOWN)
    scene.telemetry.steps.failing("put", other)
    scene.telemetry.steps.failing("put", other)
    scene.clock.advance(12)
    for _ in range(100):
        scene.telemetry.steps.working("put")

    lines = scene.lines()
    assert [(line["event"], line["level"]) for line in lines] == [
        ("failing, will go on trying", "error"),
        ("failing, will go on trying", "error"),
        ("working again", "info"),
    ]
    assert (lines[1]["error_code"], lines[2]["after_seconds"]) == ("AccessDenied", 12)
    assert scene.value("calls_failed_total", step="put", error_code="ReadTimeoutError") == 100
    assert scene.value("calls_failed_total", step="put", error_code="AccessDenied") == 2


def test_steps_fail_apart(scene: Scene) -> None:
    """One step's success does not end another's trouble."""
    scene.telemetry.steps.failing("put", DOWN)
    scene.telemetry.steps.working("receive")

    assert set(scene.telemetry.steps.troubles) == {"put"}


def test_work_is_one_line_a_second(scene: Scene) -> None:
    """What comes by the thousand is added up: the first of it is logged at once, the rest a second later."""
    message = delivery(submission())
    for _ in range(100):
        scene.telemetry.submissions.received([message], 0.1)
        scene.telemetry.publishing.published(records(submission()))
        scene.telemetry.submissions.deleted([message])
        scene.clock.advance(0.05)
    scene.telemetry.progress.say()
    lines = scene.lines()

    assert {line["event"] for line in lines} == {"progress"}
    assert len(lines) == 6
    assert lines[0]["received"] == 1
    assert sum(int(str(line.get("received", 0))) for line in lines) == 100
    assert sum(int(str(line.get("published", 0))) for line in lines) == 100 * len(records(submission()))
    assert sum(int(str(line.get("deleted", 0))) for line in lines) == 100


def test_idle_is_silent(scene: Scene) -> None:
    """A wave in which nothing was published, and a call that deleted nothing, are no news."""
    scene.telemetry.publishing.published([])
    scene.telemetry.publishing.refused([])
    scene.telemetry.submissions.deleted([])
    scene.telemetry.submissions.released([], "stopping")
    scene.telemetry.steps.working("receive")

    assert scene.events() == []


@pytest.mark.parametrize("canary", ["CANARY in a mine", "CANARY=", "/CANARY", "CANARY\n", "č-CANARY"])
def test_no_payload(capsys: pytest.CaptureFixture[str], canary: str) -> None:
    """What sensors send is in no log line and no metric, wherever they put it, down to keys and event type names."""
    scene = Scene(capsys, "INFO")
    tell_everything(scene.telemetry.observer, canary)

    written = capsys.readouterr().err
    assert len(written.splitlines()) > 15
    assert "CANARY" not in written
    assert "CANARY" not in generate_latest(scene.registry).decode()
    structlog.reset_defaults()


def test_an_unknown_event_type_is_named(scene: Scene) -> None:
    """An unknown event type that looks like a name is shown: a sensor release is the usual reason, and on call asks."""
    scene.telemetry.rejects.rejected(rejects(submission(events={"new_thread": []})))

    [line] = scene.lines()
    assert line["pointer"] == "/events/new_thread"


def test_payload_at_debug(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG, which nobody sets by accident, published events are shown."""
    scene = Scene(capsys, "DEBUG")
    scene.telemetry.publishing.published([Record("k", b'{"cmdl": "CANARY"}', "new_process", 0)])

    assert "published event" in scene.events()
    structlog.reset_defaults()


def test_a_bug_shows_where(scene: Scene) -> None:
    """A bug of ours is logged with the places it went through, so that it can be found without the payload."""
    tell_everything(scene.telemetry.observer, "x")

    bug = next(line for line in scene.lines() if str(line["event"]).startswith("bug: our code"))
    assert bug["error"] == "KeyError"
    assert "tell_everything" in str(bug["places"])


def test_table() -> None:
    """The table of metrics has a row for every metric."""
    rows = metrics_rows(CATALOGUE)

    assert len(rows) == len(CATALOGUE)
    assert [row for row in rows if row.startswith("| `rejects_total` | counter | reason |")]


def test_codes_that_nobody_knows_fold(scene: Scene) -> None:
    """A server that makes up error codes makes no more than a few time series; the log has each code as it came."""
    for number in range(200):
        scene.telemetry.publishing.refused([Refused(f"Made{number}")])
        scene.telemetry.calls.retried("put", f"Made{number}")
        scene.telemetry.steps.failing("put", CallFailed("put", f"Made{number}", "no"))
    scene.telemetry.steps.failing("put", CallFailed("put", "KMS.AccessDeniedException", "no"))

    for name in ("records_refused", "retries", "calls_failed"):
        [codes] = [
            {sample.labels["error_code"] for sample in family.samples}
            for family in text_string_to_metric_families(generate_latest(scene.registry).decode())
            if family.name == f"event_processor_{name}"
        ]
        assert len({code for code in codes if code.startswith("Made")}) <= MOST_UNKNOWN
        assert OTHER in codes
    assert scene.value("calls_failed_total", step="put", error_code="KMS.AccessDeniedException") == 1
    assert scene.value("records_refused_total", error_code=OTHER) == 200 - MOST_UNKNOWN
    assert {f"Made{number}" for number in range(200)} <= {str(line.get("error_code")) for line in scene.lines()}


def test_codes_that_aws_documents_keep_their_names() -> None:
    """Every error that AWS documents for our calls, and a bare status, has its own series, however many others came."""
    codes = ErrorCodes()
    for number in range(100):
        codes.label(f"Made{number}")
    errors = [
        injected_error(service, code) for service in (SQS, KINESIS) for code in codes_of(service, tuple(ALL_CODES))
    ]
    documented = {shown_code(error.query_code or error.code) for error in errors}

    assert {codes.label(code) for code in documented} == documented
    assert {"KMS.AccessDeniedException", "NonExistentQueue", "KMSNotFoundException"} <= documented
    assert codes.label("403") == "403"
    assert codes.label("40333") == OTHER
