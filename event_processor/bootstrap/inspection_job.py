"""The job `inspect`, as the worker sees it: waits for stream and contracts, and asks now and then how the stream is."""

import threading
from collections.abc import Callable, Mapping

from event_processor.aws.clients import PATIENCE_SECONDS
from event_processor.bootstrap.contracts import keep_watching
from event_processor.bootstrap.inspection import Inspection, InspectionRuntime, make_inspection
from event_processor.bootstrap.job import End
from event_processor.bootstrap.reading_job import (
    HANGING_SECONDS,
    LAST_NOTICES_SECONDS,
    ReadingJob,
    awaited,
    awaited_contracts,
    end_of,
    hung,
    outcomes,
)
from event_processor.settings.inspection import InspectionSettings
from event_processor.status.inspection_page import inspection_page
from event_processor.status.page import Page
from event_processor.telemetry.threads import Threads


class InspectionJob(ReadingJob[Inspection]):
    """See Job."""

    def __init__(self, settings: InspectionSettings, threads: Threads) -> None:
        """Raises SettingsError."""
        self._settings = settings
        self._runtime = InspectionRuntime(settings, PATIENCE_SECONDS, threads)
        super().__init__(settings, self._runtime.watched)
        self._runtime.telemetry.contracts.watch(lambda: self._runtime.contracts.current)

    def page(self) -> Page:
        """See Job."""
        runtime = self._runtime
        return inspection_page(runtime.stream.name, self.watched.history.samples(), runtime.telemetry)

    def needed(self) -> str:
        """See Job."""
        return f"stream {self._runtime.stream.name} and contracts {self._settings.contracts}"

    def look(self) -> Inspection | str:
        """See Job."""
        runtime = self._runtime
        waits_for = awaited(runtime, [runtime.stream.name])
        waits_for = waits_for or awaited_contracts(runtime.contracts, self._settings.contracts)
        return waits_for or make_inspection(self._settings, runtime, self.watched.threads.start)

    def questions(self, work: Inspection) -> Mapping[str, Callable[[], None]]:  # noqa: ARG002 - the stream is asked
        """See Job."""
        return {"stream": self._ask_stream}

    def oldest_seconds(self, work: Inspection) -> float:
        """See Job."""
        return work.inspector.idle_seconds()

    def stop(self, work: Inspection) -> None:
        """See Job."""
        work.inspector.stop()
        self.begin_to_stop()

    def run(self, work: Inspection) -> End:
        """See Job."""
        ended = threading.Event()  # contracts are read to the end: what is held waits for them
        inspector, threads = work.inspector, self.watched.threads
        is_wanted = lambda: inspector.waits_for_contracts  # noqa: E731 - as short as it is
        keep_watching(self._runtime.contracts, self._settings.contracts_refresh, ended, threads, is_wanted)
        work.reader.start()
        try:
            ended_with = outcomes(threads, {"inspector": inspector.run}, self.hangs)
            if not ended_with:
                work.reader.close(HANGING_SECONDS)  # and once more as long for the checkpoints of the rest
        finally:
            ended.set()
            work.notifier.close(min(LAST_NOTICES_SECONDS, self.left_seconds()))  # the reject store has it all
        return end_of(ended_with[0]) if ended_with else hung()

    def _ask_stream(self) -> None:
        self._runtime.resources.stream(self._runtime.stream.name)
