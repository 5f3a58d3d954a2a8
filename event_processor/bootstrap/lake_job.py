"""The job `deliver`, as the worker sees it: waits for streams and contracts, and asks now and then how they are."""

import threading
from collections.abc import Callable, Mapping
from functools import partial

from event_processor.aws.clients import PATIENCE_SECONDS
from event_processor.bootstrap.contracts import keep_watching
from event_processor.bootstrap.job import End
from event_processor.bootstrap.lake import LakeRuntime, Work, make_work
from event_processor.bootstrap.reading_job import ReadingJob, awaited, awaited_contracts, hung, outcomes, unfinished
from event_processor.consuming.reader import Since
from event_processor.lake.loader import Loader
from event_processor.settings.lake import DeliverySettings
from event_processor.status.lake_page import lake_page
from event_processor.status.page import Page
from event_processor.telemetry.lake_telemetry import step_of
from event_processor.telemetry.threads import Threads


class LakeJob(ReadingJob[Work]):
    """See Job."""

    def __init__(self, settings: DeliverySettings, since: Since, threads: Threads) -> None:
        """Raises SettingsError."""
        self._settings, self._since = settings, since
        self._runtime = LakeRuntime(settings, PATIENCE_SECONDS, threads)
        super().__init__(settings, self._runtime.watched)
        self._runtime.telemetry.contracts.watch(lambda: self._runtime.contracts.current)

    def page(self) -> Page:
        """See Job."""
        runtime, samples = self._runtime, self.watched.history.samples()
        return lake_page(runtime.streams, self._settings.lake, samples, runtime.telemetry)

    def needed(self) -> str:
        """See Job."""
        return f"streams {', '.join(self._runtime.streams)} and contracts {self._settings.contracts}"

    def look(self) -> Work | str:
        """See Job."""
        runtime = self._runtime
        waits_for = awaited(runtime, runtime.streams)
        waits_for = waits_for or awaited_contracts(runtime.contracts, self._settings.contracts)
        return waits_for or make_work(self._settings, runtime, self._since)

    def questions(self, work: Work) -> Mapping[str, Callable[[], None]]:
        """See Job."""
        return {step_of("stream", name): partial(self._ask_stream, name) for name in work.deliveries}

    def oldest_seconds(self, work: Work) -> float:
        """See Job."""
        return max(delivery.idle_seconds() for delivery in work.deliveries.values())

    def stop(self, work: Work) -> None:
        """See Job."""
        for delivery in work.deliveries.values():
            delivery.stop()
        self.begin_to_stop()

    def run(self, work: Work) -> End:
        """See Job."""
        ended = threading.Event()  # contracts are read to the end: what is held waits for them
        threads, deliveries = self.watched.threads, work.deliveries.values()
        is_wanted = lambda: any(each.waits_for_contracts for each in deliveries)  # noqa: E731 - as short as it is
        keep_watching(self._runtime.contracts, self._settings.contracts_refresh, ended, threads, is_wanted)
        for name, reader in work.readers.items():
            reader.start()
            threads.start(f"sweep {name}", work.sweeps[name])
        loaded = self._start_loading(work.loader)
        if (measuring := work.measuring) is not None:
            threads.start("metrics", measuring.run)
        try:
            runs = {f"delivery {name}": delivery.run for name, delivery in work.deliveries.items()}
            ended_with = outcomes(threads, runs, self.hangs, failed=partial(self.stop, work))
        except BaseException:
            if work.loader is not None:  # a thread that is in DuckDB would abort the process as Python goes
                work.loader.stop()
                loaded.wait(self.left_seconds())
            raise
        finally:
            ended.set()
            if measuring is not None:
                measuring.stop()
        unloaded = self._end_loading(work.loader, loaded)
        if len(ended_with) < len(work.deliveries):
            return hung()
        if all(outcome.is_clean for outcome in ended_with):
            if unloaded:
                text = "stopped with ranges in the lake that are not loaded: the next start loads them first"
                return End(False, text, {"ranges": unloaded})
            return End(True)
        return unfinished(
            records=sum(outcome.unfinished for outcome in ended_with),
            log_written=all(outcome.checkpoints_written for outcome in ended_with),
        )

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
        if not ended.wait(self.left_seconds()):
            return loader.left
        return loader.finish(self.left_seconds())

    def _ask_stream(self, name: str) -> None:
        self._runtime.resources.stream(name)
