"""Threads beside the work: one that ended or hangs is missed."""

import threading
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from event_processor.aws.provisioning import Provisioner
from event_processor.aws.resources import QueueProperties, ResourceReader, StreamProperties
from event_processor.bootstrap.submissions_job import SubmissionsJob
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.settings.loading import load
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.status.health import Health
from event_processor.status.submissions_health import submissions_health
from event_processor.submissions.processor import Processor
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.telemetry.threads import SILENT_SECONDS, Threads
from event_processor.testing import ManualClock
from local_aws import LocalAws
from tests.eventually import eventually


def health_of(threads: Threads, clock: ManualClock) -> Health:
    """The health of a process that runs, with these threads."""
    health = submissions_health(RunTelemetry(Metrics(CollectorRegistry(), CATALOGUE), clock), 600, threads)
    health.started(lambda: 0.0)
    return health


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(3)], ids=["bug", "exit"])
def test_a_thread_that_ended(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    """When a thread ends by an exception, of any kind, readiness says which and why, and the log has the places."""
    clock = ManualClock()
    threads = Threads(clock)
    health = health_of(threads, clock)

    def task() -> None:
        raise error

    threads.start("watch", task)

    eventually(lambda: not health.ready().ok)
    assert health.ready().reasons == [f"thread watch ended: {type(error).__name__}"]
    eventually(lambda: "bug: thread ended" in capsys.readouterr().out)


def test_a_thread_that_is_done() -> None:
    """A thread whose work is over is not missed, whatever time passes."""
    clock = ManualClock()
    threads, over = Threads(clock), threading.Event()

    def task() -> None:
        threads.alive("watch")
        threads.done("watch")
        over.set()

    threads.start("watch", task)
    assert over.wait(60)
    clock.advance(SILENT_SECONDS * 2)

    assert health_of(threads, clock).ready().ok
    assert health_of(threads, clock).ready().warnings == []


def test_a_thread_that_hangs() -> None:
    """A thread that begins no round for minutes is named as a warning, until it begins one."""
    clock = ManualClock()
    threads = Threads(clock)
    health = health_of(threads, clock)
    threads.alive("watch")

    clock.advance(SILENT_SECONDS + 1)
    assert health.ready().warnings == [f"thread watch hangs for {SILENT_SECONDS + 1:.0f} s"]
    assert health.ready().ok

    threads.alive("watch")
    assert health.ready().warnings == []


class Strange(ResourceReader):
    """Asks queue and stream, and fails in a way that nobody thought of, until it is fixed."""

    def __init__(self, right: ResourceReader, error: Callable[[], Exception]) -> None:
        self._right, self._error = right, error
        self.asked = 0
        self.fixed = False

    def queue(self, name: str) -> QueueProperties:
        """See ResourceReader."""
        self._ask()
        return self._right.queue(name)

    def stream(self, name: str) -> StreamProperties:
        """See ResourceReader."""
        self._ask()
        return self._right.stream(name)

    def _ask(self) -> None:
        self.asked += 1
        if not self.fixed:
            raise self._error()


@pytest.mark.parametrize(
    "error", [lambda: KeyError("Attributes"), lambda: TypeError("null"), lambda: CallFailed("read_queue", "No", "no")]
)
def test_watching_goes_on(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, error: Callable[[], Exception]) -> None:
    """An answer that nobody understands ends no watching: it is told, and asked again until it is understood."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    settings = load(SubmissionsSettings)
    job = SubmissionsJob(settings, Threads(SystemClock()))
    runtime = job._runtime
    provisioner = Provisioner(runtime.clients.sqs(1), runtime.clients.kinesis(1))
    list(provisioner.provision(settings.queue_name, settings.rejects_queue, settings.stream_name, 1))
    processor = job.look()
    assert isinstance(processor, Processor)
    strange = Strange(runtime.resources, error)
    runtime.resources = strange

    for _ in range(3):
        job.ask(processor)
    assert strange.asked == 6
    assert set(runtime.telemetry.steps.troubles) == {"queue", "stream"}
    assert runtime.telemetry.steps.troubles["queue"].code == getattr(error(), "code", type(error()).__name__)
    strange.fixed = True
    job.ask(processor)
    assert not runtime.telemetry.steps.troubles
