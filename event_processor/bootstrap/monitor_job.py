"""The job `monitor`, as the worker sees it: waits for the stream and its own state, and asks how the stream is."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from event_processor.aws.clients import PATIENCE_SECONDS
from event_processor.bootstrap.job import End
from event_processor.bootstrap.monitor import MonitorRuntime, Work, make_work
from event_processor.bootstrap.reading_job import LAST_NOTICES_SECONDS, ReadingJob, awaited, end_of, hung, outcomes
from event_processor.monitoring.given import Given
from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.known import label_incident
from event_processor.monitoring.labels import LabelState
from event_processor.monitoring.tracked import Tracked
from event_processor.settings.monitor import MonitorSettings
from event_processor.status.finding_page import Desk, FindingPages
from event_processor.status.http_messages import Request
from event_processor.status.metric_lines import SeriesPages
from event_processor.status.monitor_page import monitor_page
from event_processor.status.page import Page
from event_processor.status.server import Made
from event_processor.telemetry.threads import Threads

_GIVEN_SECONDS: Final = 5.0  # between two looks at what people have said


class MonitorJob(ReadingJob[Work]):
    """See Job."""

    def __init__(self, settings: MonitorSettings, threads: Threads) -> None:
        """Raises SettingsError."""
        self._settings = settings
        self._runtime = MonitorRuntime(settings, PATIENCE_SECONDS, threads)
        self._work: Work | None = None
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
        stream, samples = self._settings.metrics_stream, self.watched.history.samples()
        return monitor_page(stream, self._tracked(), self._given(), samples, self._runtime.telemetry)

    def others(self, request: Request) -> Made | None:
        """See Job."""
        return self._pages.respond(request) or self._lines.respond(request)

    def needed(self) -> str:
        """See Job."""
        return f"stream {self._settings.metrics_stream} and state {self._settings.monitor_state}"

    def look(self) -> Work | str:
        """See Job."""
        if waits_for := awaited(self._runtime, [self._settings.metrics_stream]):
            return waits_for
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
        self.begin_to_stop()
        self._look_now.set()
        work.monitor.stop()

    def run(self, work: Work) -> End:
        """See Job."""
        self.watched.threads.start("given", lambda: self._keep_looking(work))
        work.reader.start()
        if not outcomes(self.watched.threads, {"monitor": work.monitor.run}, self.hangs):
            return hung()
        work.notifier.close(min(LAST_NOTICES_SECONDS, self.left_seconds() / 2))
        return end_of(work.monitor.finish(self.left_seconds()))  # what was told just now included

    def _tracked(self) -> Mapping[str, Tracked]:
        return self._work.monitor.evaluator.tracked if self._work else {}

    def _given(self) -> Given:
        return self._work.giving.current if self._work else Given()

    def _keep_looking(self, work: Work) -> None:
        """At labels, hushes and the model, until it stops."""
        threads = self.watched.threads
        while not self.is_stopping:
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
