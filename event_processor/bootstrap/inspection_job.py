"""The job `inspect`, as the worker sees it: waits for stream and contracts, and asks now and then how the stream is."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

import structlog

from event_processor.aws.clients import PATIENCE_SECONDS
from event_processor.bootstrap.contracts import keep_watching
from event_processor.bootstrap.inspection import Inspection, make_inspection, make_inspection_runtime
from event_processor.bootstrap.job import End, Job
from event_processor.consuming.ports import Outcome
from event_processor.contracts.watcher import UNREAD
from event_processor.settings.inspection import InspectionSettings
from event_processor.status.inspection_page import InspectionStatus, inspection_page
from event_processor.status.page import Page
from event_processor.telemetry.threads import Threads

_LOOK_SECONDS: Final = 0.5  # whether the time to stop is up
_HANGING_SECONDS: Final = 0.5  # beyond the grace period: then it hangs; and once more for the checkpoints of the rest
_LAST_NOTICES_SECONDS: Final = 5.0  # to tell people at the end; the reject store has it all
_log = structlog.get_logger("event_processor")


class InspectionJob(Job[Inspection]):
    """See Job."""

    def __init__(self, settings: InspectionSettings, threads: Threads) -> None:
        """Raises SettingsError."""
        self._settings = settings
        self._runtime = make_inspection_runtime(settings, PATIENCE_SECONDS, threads)
        self._stopped_at = float("inf")
        super().__init__(settings, self._runtime.watched)
        self._runtime.telemetry.contracts.watch(lambda: self._runtime.watcher.current)

    def page(self) -> Page:
        """See Job."""
        runtime = self._runtime
        return inspection_page(
            InspectionStatus(runtime.stream.name, runtime.metrics, self.watched.history.samples(), runtime.telemetry)
        )

    def needed(self) -> str:
        """See Job."""
        return f"stream {self._runtime.stream.name} and contracts {self._settings.contracts}"

    def look(self) -> Inspection | str:
        """See Job."""
        runtime = self._runtime
        stream = runtime.resources_once.stream(runtime.stream.name)
        if stream.status not in {"ACTIVE", "UPDATING"}:
            return f"stream {stream.name} to be ACTIVE"
        if not runtime.watcher.refresh() and runtime.watcher.current is UNREAD:
            return f"contracts {self._settings.contracts} to be readable"
        return make_inspection(self._settings, runtime, self.watched.threads.start)

    def questions(self, work: Inspection) -> Mapping[str, Callable[[], None]]:  # noqa: ARG002 - the stream is asked
        """See Job."""
        return {"stream": self._ask_stream}

    def oldest_seconds(self, work: Inspection) -> float:
        """See Job."""
        return work.inspector.idle_seconds()

    def stop(self, work: Inspection) -> None:
        """See Job."""
        self._stopped_at = time.monotonic()
        work.inspector.stop()
        _log.info("stopping", grace_seconds=self._settings.shutdown_grace)

    def run(self, work: Inspection) -> End:
        """See Job."""
        ended = threading.Event()  # contracts are read to the end: what is held waits for them
        watch = partial(keep_watching, self._runtime.watcher, self._settings.contracts_refresh, ended)
        threads, inspector = self.watched.threads, work.inspector
        threads.start("contracts", lambda: watch(threads, lambda: inspector.waits_for_contracts))
        work.reader.start()
        try:
            outcome = self._outcome(work)
        finally:
            ended.set()
            left_seconds = self._stopped_at + self._settings.shutdown_grace - time.monotonic()
            work.notifier.close(max(0.0, min(_LAST_NOTICES_SECONDS, left_seconds)))
        if outcome is None:
            return End(False, "stopped with a call that hangs: what is unfinished is read again at the next start")
        if outcome.is_clean:
            return End(True)
        facts = {"records": outcome.unfinished, "checkpoints_written": outcome.checkpoints_written}
        return End(False, "stopped with work unfinished: it is read again at the next start", facts)

    def close(self) -> None:
        """See Job."""

    def _outcome(self, work: Inspection) -> Outcome | None:
        """On a thread of its own, since a stop is in time whatever hangs; None if something does.

        Raises what has ended the inspector.
        """
        ended: SimpleQueue[Outcome | BaseException] = SimpleQueue()

        def inspect() -> None:
            try:
                ended.put(work.inspector.run())
            except BaseException as error:  # noqa: BLE001 - raised again, where somebody waits
                ended.put(error)

        self.watched.threads.start("inspector", inspect)
        while time.monotonic() < self._stopped_at + self._settings.shutdown_grace + _HANGING_SECONDS:
            with suppress(Empty):
                found = ended.get(timeout=_LOOK_SECONDS)
                if isinstance(found, BaseException):
                    raise found
                return found
        work.reader.close(_HANGING_SECONDS)
        return None

    def _ask_stream(self) -> None:
        self._runtime.resources.stream(self._runtime.stream.name)
