"""The job `run`, as the worker sees it: waits for queue and stream, and asks now and then how they are."""

from collections.abc import Callable, Mapping
from functools import partial

import structlog

from event_processor.aws.clients import PATIENCE_SECONDS
from event_processor.bootstrap.job import End, Job
from event_processor.bootstrap.rejects import reject_queue
from event_processor.bootstrap.runtime import Runtime
from event_processor.bootstrap.submissions import all_concerns, make_processor
from event_processor.errors import CallFailed, NotReady
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.status.page import Page
from event_processor.status.submissions_page import Status, submissions_page
from event_processor.submissions.processor import Processor
from event_processor.telemetry.threads import Threads

_log = structlog.get_logger("event_processor")


class SubmissionsJob(Job[Processor]):
    """See Job."""

    def __init__(self, settings: SubmissionsSettings, threads: Threads) -> None:
        """Raises SettingsError."""
        self._settings = settings
        self._runtime = Runtime(settings, PATIENCE_SECONDS, threads)
        super().__init__(settings, self._runtime.watched)

    def page(self) -> Page:
        """See Job."""
        return submissions_page(
            Status(
                metrics=self._runtime.metrics,
                samples=self.watched.history.samples(),
                max_submissions=self._settings.max_in_flight,
                max_bytes=self._settings.max_in_flight_bytes,
                rejects=self._runtime.telemetry.rejects.latest,
            )
        )

    def needed(self) -> str:
        """See Job."""
        return f"queue {self._settings.queue_name} and stream {self._settings.stream_name}"

    def look(self) -> Processor | str:
        """See Job."""
        settings, runtime = self._settings, self._runtime
        queue = runtime.resources_once.queue(settings.queue_name)
        stream = runtime.resources_once.stream(settings.stream_name)
        if stream.status == "CREATING":
            return f"stream {stream.name} to be ACTIVE"
        for concern in all_concerns(settings, queue, stream, reject_queue(settings, runtime)):
            if concern.fatal:
                raise NotReady(concern.text)
            _log.warning("concern", text=concern.text)
        return make_processor(settings, runtime, queue, stream)

    def questions(self, work: Processor) -> Mapping[str, Callable[[], None]]:
        """See Job."""
        return {"queue": partial(self._ask_queue, work), "stream": partial(self._ask_stream, work)}

    def oldest_seconds(self, work: Processor) -> float:
        """See Job."""
        return work.oldest_unfinished_seconds()

    def stop(self, work: Processor) -> None:
        """See Job."""
        work.stop()
        grace_seconds, wait_seconds = self._settings.shutdown_grace, self._settings.wait_time
        _log.info("stopping", grace_seconds=grace_seconds, longest_open_receive_seconds=wait_seconds)

    def run(self, work: Processor) -> End:
        """See Job."""
        self._runtime.telemetry.submissions.oldest_unfinished(work.oldest_unfinished_seconds)
        self._runtime.telemetry.submissions.lanes_paced(work.paced_lanes)
        outcome = work.run()
        if outcome.is_clean:
            return End(True, facts={"released": outcome.released})
        return End(
            False,
            "stopped with work unreleased: it comes again when its visibility timeout runs out",
            {
                "unreleased": outcome.unreleased,
                "perhaps_hidden": outcome.perhaps_hidden,
                "released": outcome.released,
                "crashed": outcome.crashed,
            },
        )

    def close(self) -> None:
        """See Job."""
        self._runtime.close()

    def _ask_queue(self, processor: Processor) -> None:
        queue = self._runtime.resources.queue(self._settings.queue_name)
        processor.renew_queue(queue.largest_body_bytes)
        self._runtime.telemetry.submissions.queue_depth(queue.visible, queue.in_flight, queue.delayed)

    def _ask_stream(self, processor: Processor) -> None:
        stream = self._runtime.resources.stream(self._settings.stream_name)
        processor.renew_stream(stream.record_limit_bytes, stream.shards)
        if stream.ignores_partition_keys:
            raise CallFailed("read_stream", "AUTO", f"stream {stream.name} now ignores partition keys: order is lost")
