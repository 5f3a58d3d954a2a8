"""The job `gateway`, as the worker sees it: waits for streams and contracts, and asks now and then how they are."""

import threading
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from event_processor.aws.clients import PATIENCE_SECONDS
from event_processor.aws.concerns import stream_concerns
from event_processor.aws.resources import StreamProperties
from event_processor.bootstrap.contracts import keep_watching
from event_processor.bootstrap.gateway import GatewayRuntime, Work, make_work
from event_processor.bootstrap.gateway_files import keep_looking
from event_processor.bootstrap.job import End, Job
from event_processor.clock import SystemClock
from event_processor.contracts.watcher import UNREAD
from event_processor.errors import CallFailed, NotReady
from event_processor.settings.gateway import GatewaySettings
from event_processor.status.gateway_page import gateway_page
from event_processor.status.page import Page
from event_processor.telemetry.threads import Threads

_log = structlog.get_logger("event_processor")


class GatewayJob(Job[Work]):
    """See Job."""

    def __init__(self, settings: GatewaySettings, threads: Threads) -> None:
        """Raises SettingsError."""
        self._settings = settings
        self._runtime = GatewayRuntime(settings, PATIENCE_SECONDS, threads)
        super().__init__(settings, self._runtime.watched)
        self._runtime.telemetry.contracts.watch(lambda: self._runtime.contracts.current)

    def page(self) -> Page:
        """See Job."""
        limits = self._settings.max_in_flight, self._settings.max_in_flight_bytes
        return gateway_page(*limits, self.watched.history.samples(), self._runtime.telemetry)

    def needed(self) -> str:
        """See Job."""
        return f"streams {', '.join(self._runtime.streams)} and contracts {self._settings.contracts}"

    def look(self) -> Work | str:
        """See Job."""
        runtime = self._runtime
        properties: dict[str, StreamProperties] = {}
        for name in runtime.streams:
            stream = properties[name] = runtime.resources_once.stream(name)
            if not stream.works:
                return f"stream {name} to be ACTIVE"
            for concern in stream_concerns(stream):
                raise NotReady(concern.text)
        if not runtime.contracts.refresh() and runtime.contracts.current is UNREAD:
            return f"contracts {self._settings.contracts} to be readable"
        return make_work(self._settings, runtime, properties)

    def questions(self, work: Work) -> Mapping[str, Callable[[], None]]:
        """See Job."""
        return {"stream": partial(self._ask_streams, work)}

    def oldest_seconds(self, work: Work) -> float:
        """See Job."""
        return work.gateway.oldest_seconds(SystemClock().monotonic())

    def stop(self, work: Work) -> None:
        """See Job."""
        work.serving.stop()
        _log.info("stopping", grace_seconds=self._settings.shutdown_grace)

    def run(self, work: Work) -> End:
        """See Job."""
        ended = threading.Event()
        keep_watching(self._runtime.contracts, self._settings.contracts_refresh, ended, self.watched.threads)
        if self._runtime.files:
            look = partial(keep_looking, self._runtime.files, ended)
            self.watched.threads.start("files", lambda: look(self.watched.threads))
        self._runtime.telemetry.door.watch_hands(lambda: work.gateway.records, lambda: work.gateway.size_bytes)
        _log.info(
            "taking records", host=self._settings.gateway_host, port=work.port, streams=list(self._runtime.streams)
        )
        try:
            outcome = work.serving.run()
        finally:
            ended.set()
        if outcome.is_clean:
            return End(True)
        return End(
            False,
            "stopped with requests unanswered: their clients cannot know what happened to their records",
            {"unanswered": outcome.unanswered, "crashed": outcome.crashed},
        )

    def _ask_streams(self, work: Work) -> None:
        for name, line in work.gateway.lines.items():
            stream = self._runtime.resources.stream(name)
            line.limit_bytes = stream.record_limit_bytes
            if stream.ignores_partition_keys:
                raise CallFailed("read_stream", "AUTO", f"stream {name} now ignores partition keys: order is lost")
