"""The job `deliver`, as the worker sees it: waits for streams and contracts, and asks now and then how they are."""

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
from event_processor.bootstrap.job import End, Job
from event_processor.bootstrap.lake import Work, make_lake_runtime, make_work
from event_processor.consuming.ports import Outcome
from event_processor.consuming.reader import Since
from event_processor.contracts.watcher import UNREAD
from event_processor.lake.loader import Loader
from event_processor.settings.lake import DeliverySettings
from event_processor.status.lake_page import LakeStatus, lake_page
from event_processor.status.page import Page
from event_processor.telemetry.lake_telemetry import step_of
from event_processor.telemetry.threads import Threads

_LOOK_SECONDS: Final = 0.5  # whether the time to stop is up
_HANGING_SECONDS: Final = 0.5  # beyond the grace period: then it hangs
_log = structlog.get_logger("event_processor")


class LakeJob(Job[Work]):
    """See Job."""

    def __init__(self, settings: DeliverySettings, since: Since, threads: Threads) -> None:
        """Raises SettingsError."""
        self._settings, self._since = settings, since
        self._runtime = make_lake_runtime(settings, PATIENCE_SECONDS, threads)
        self._stopped_at = float("inf")
        super().__init__(settings, self._runtime.watched)
        self._runtime.telemetry.contracts.watch(lambda: self._runtime.watcher.current)

    def page(self) -> Page:
        """See Job."""
        runtime, samples = self._runtime, self.watched.history.samples()
        return lake_page(
            LakeStatus(list(runtime.streams), self._settings.lake, runtime.metrics, samples, runtime.telemetry)
        )

    def needed(self) -> str:
        """See Job."""
        return f"streams {', '.join(self._runtime.streams)} and contracts {self._settings.contracts}"

    def look(self) -> Work | str:
        """See Job."""
        runtime = self._runtime
        for name in runtime.streams:
            if runtime.resources_once.stream(name).status not in {"ACTIVE", "UPDATING"}:
                return f"stream {name} to be ACTIVE"
        if not runtime.watcher.refresh() and runtime.watcher.current is UNREAD:
            return f"contracts {self._settings.contracts} to be readable"
        return make_work(self._settings, runtime, self._since)

    def questions(self, work: Work) -> Mapping[str, Callable[[], None]]:
        """See Job."""
        return {step_of("stream", name): partial(self._ask_stream, name) for name in work.deliveries}

    def oldest_seconds(self, work: Work) -> float:
        """See Job."""
        return max(delivery.idle_seconds() for delivery in work.deliveries.values())

    def stop(self, work: Work) -> None:
        """See Job."""
        self._stopped_at = time.monotonic()
        for delivery in work.deliveries.values():
            delivery.stop()
        _log.info("stopping", grace_seconds=self._settings.shutdown_grace)

    def run(self, work: Work) -> End:
        """See Job."""
        ended = threading.Event()  # contracts are read to the end: what is held waits for them
        watch = partial(keep_watching, self._runtime.watcher, self._settings.contracts_refresh, ended)
        threads, deliveries = self.watched.threads, work.deliveries.values()
        is_wanted = lambda: any(each.waits_for_contracts for each in deliveries)  # noqa: E731 - as short as it is
        threads.start("contracts", lambda: watch(threads, is_wanted))
        for name, reader in work.readers.items():
            reader.start()
            threads.start(f"sweep {name}", work.sweeps[name])
        loaded = self._start_loading(work.loader)
        if (measuring := work.measuring) is not None:
            threads.start("metrics", measuring.run)
        try:
            outcomes = self._outcomes(work)
        finally:
            ended.set()
            if measuring is not None:
                measuring.stop()
        unloaded = self._end_loading(work.loader, loaded)
        if len(outcomes) < len(work.deliveries):
            return End(False, "stopped with a call that hangs: what is unfinished is read again at the next start")
        if all(outcome.is_clean for outcome in outcomes):
            if unloaded:
                text = "stopped with ranges in the lake that are not loaded: the next start loads them first"
                return End(False, text, {"ranges": unloaded})
            return End(True)
        facts = {
            "records": sum(outcome.unfinished for outcome in outcomes),
            "log_written": all(outcome.checkpoints_written for outcome in outcomes),
        }
        return End(False, "stopped with work unfinished: it is read again at the next start", facts)

    def close(self) -> None:
        """See Job."""

    def _start_loading(self, loader: Loader | None) -> threading.Event:
        """Returns what is set when the loader has come to its end."""
        ended = threading.Event()
        threads = self.watched.threads

        def load() -> None:
            if loader is not None:
                loader.run(lambda: threads.alive("loader"))
            threads.done("loader")
            ended.set()

        threads.start("loader", load)
        return ended

    def _end_loading(self, loader: Loader | None, ended: threading.Event) -> int:
        """How many ranges are not loaded in the time that there is."""
        if loader is None:
            return 0
        loader.stop()
        end = self._stopped_at + self._settings.shutdown_grace
        if not ended.wait(max(0.0, end - time.monotonic())):
            return loader.left
        return loader.finish(max(0.0, end - time.monotonic()))

    def _outcomes(self, work: Work) -> list[Outcome]:
        """Each delivery on a thread of its own; fewer than there are if something hangs.

        Raises what has ended one of them: then the others come to an end as well.
        """
        ended: SimpleQueue[Outcome | BaseException] = SimpleQueue()

        def deliver(run: Callable[[], Outcome]) -> None:
            try:
                ended.put(run())
            except BaseException as error:  # noqa: BLE001 - raised again, where somebody waits
                ended.put(error)

        for name, delivery in work.deliveries.items():
            self.watched.threads.start(f"delivery {name}", partial(deliver, delivery.run))
        outcomes: list[Outcome] = []
        failure: BaseException | None = None
        while time.monotonic() < self._stopped_at + self._settings.shutdown_grace + _HANGING_SECONDS:
            with suppress(Empty):
                found = ended.get(timeout=_LOOK_SECONDS)
                if isinstance(found, BaseException):
                    if failure is None:
                        failure = found
                        self.stop(work)
                    outcomes.append(Outcome(0, True))
                else:
                    outcomes.append(found)
            if len(outcomes) == len(work.deliveries):
                break
        if failure is not None:
            raise failure
        return outcomes

    def _ask_stream(self, name: str) -> None:
        self._runtime.resources.stream(name)
