"""The job `monitor`, as the worker sees it: waits for the stream and its own state, and asks how the stream is."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

import structlog

from event_processor.aws.clients import PATIENCE_SECONDS
from event_processor.bootstrap.job import End, Job
from event_processor.bootstrap.monitor import Work, make_monitor_runtime, make_work
from event_processor.monitoring.given import Given
from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.known import label_incident
from event_processor.monitoring.labels import LabelState
from event_processor.monitoring.tracked import Tracked
from event_processor.settings.monitor import MonitorSettings
from event_processor.status.finding_page import Desk, FindingPages
from event_processor.status.http_messages import Request
from event_processor.status.metric_lines import SeriesPages
from event_processor.status.monitor_page import MonitorStatus, monitor_page
from event_processor.status.page import Page
from event_processor.status.server import Made
from event_processor.telemetry.threads import Threads

_LOOK_SECONDS: Final = 0.5  # whether the time to stop is up
_GIVEN_SECONDS: Final = 5.0  # between two looks at what people have said
_HANGING_SECONDS: Final = 0.5  # beyond the grace period: then it hangs
_LAST_NOTICES_SECONDS: Final = 5.0  # to tell people at the end; what is untold then the next process tells
_log = structlog.get_logger("event_processor")


class MonitorJob(Job[Work]):
    """See Job."""

    def __init__(self, settings: MonitorSettings, threads: Threads) -> None:
        """Raises SettingsError."""
        self._settings = settings
        self._runtime = make_monitor_runtime(settings, PATIENCE_SECONDS, threads)
        self._work: Work | None = None
        self._stopped_at = float("inf")
        self._look_now = threading.Event()
        self._pages = FindingPages(
            Desk(
                tracked=self._tracked,
                labels=lambda: self._given().labels,
                label=self._label,
                key=settings.monitor_key,
            )
        )
        self._lines = SeriesPages(self._tracked, self._given, self._runtime.objects.get)
        super().__init__(settings, self._runtime.watched)

    def page(self) -> Page:
        """See Job."""
        runtime, tracked = self._runtime, self._tracked()
        samples = self.watched.history.samples()
        stream = self._settings.metrics_stream
        return monitor_page(MonitorStatus(stream, tracked, runtime.metrics, samples, runtime.telemetry, self._given()))

    def others(self, request: Request) -> Made | None:
        """See Job."""
        return self._pages.respond(request) or self._lines.respond(request)

    def needed(self) -> str:
        """See Job."""
        return f"stream {self._settings.metrics_stream} and state {self._settings.monitor_state}"

    def look(self) -> Work | str:
        """See Job."""
        name = self._settings.metrics_stream
        if self._runtime.resources_once.stream(name).status not in {"ACTIVE", "UPDATING"}:
            return f"stream {name} to be ACTIVE"
        self._work = make_work(self._settings, self._runtime, self.watched.threads.start)
        return self._work

    def questions(self, work: Work) -> Mapping[str, Callable[[], None]]:  # noqa: ARG002 - the stream is asked
        """See Job."""
        return {"stream": self._ask_stream}

    def oldest_seconds(self, work: Work) -> float:
        """See Job."""
        return work.monitor.idle_seconds()

    def stop(self, work: Work) -> None:
        """See Job."""
        self._stopped_at = time.monotonic()
        self._look_now.set()
        work.monitor.stop()
        _log.info("stopping", grace_seconds=self._settings.shutdown_grace)

    def run(self, work: Work) -> End:
        """See Job."""
        self.watched.threads.start("given", lambda: self._keep_looking(work))
        work.reader.start()
        if not self._ended(work):
            return End(False, "stopped with a call that hangs: what is unfinished is read again at the next start")
        end = self._stopped_at + self._settings.shutdown_grace
        work.notifier.close(max(0.0, min(_LAST_NOTICES_SECONDS, (end - time.monotonic()) / 2)))
        outcome = work.monitor.finish(max(0.0, end - time.monotonic()))  # what was told just now included
        if outcome.is_clean:
            return End(True)
        facts = {"records": outcome.unfinished, "checkpoints_written": outcome.checkpoints_written}
        return End(False, "stopped with work unfinished: it is read again at the next start", facts)

    def close(self) -> None:
        """See Job."""

    def _tracked(self) -> Mapping[str, Tracked]:
        return self._work.monitor.evaluator.tracked if self._work else {}

    def _given(self) -> Given:
        return self._work.giving.current if self._work else Given()

    def _ended(self, work: Work) -> bool:
        """Whether the monitor has come to its end in time: on a thread of its own, whatever hangs.

        Raises what has ended it.
        """
        ended: SimpleQueue[BaseException | None] = SimpleQueue()

        def watch() -> None:
            try:
                work.monitor.run()
                ended.put(None)
            except BaseException as error:  # noqa: BLE001 - raised again, where somebody waits
                ended.put(error)

        self.watched.threads.start("monitor", watch)
        while time.monotonic() < self._stopped_at + self._settings.shutdown_grace + _HANGING_SECONDS:
            with suppress(Empty):
                if (found := ended.get(timeout=_LOOK_SECONDS)) is not None:
                    raise found
                return True
        return False

    def _keep_looking(self, work: Work) -> None:
        """At labels, hushes and the model, until it stops."""
        threads = self.watched.threads
        while self._stopped_at == float("inf"):
            threads.alive("given")
            work.giving.look()
            self._look_now.wait(_GIVEN_SECONDS)
            self._look_now.clear()
        threads.done("given")

    def _label(self, incident: Incident, state: LabelState, author: str, note: str) -> None:
        """On the page of a finding; it counts at once."""
        label_incident(self._runtime.objects, incident, state, author, note, int(time.time()))
        self._look_now.set()

    def _ask_stream(self) -> None:
        self._runtime.resources.stream(self._settings.metrics_stream)
