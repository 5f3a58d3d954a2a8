"""What every job that runs until it is stopped has in common: what the worker starts, waits for, watches and ends."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from socket import gethostname
from typing import Generic, NamedTuple, TypeVar

from prometheus_client import generate_latest

from event_processor import __version__
from event_processor.bootstrap.watched import Watched
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.settings.loading import sources
from event_processor.settings.shared import WorkerSettings
from event_processor.status.connections import Respond
from event_processor.status.http_messages import Request
from event_processor.status.page import Page, Process, render
from event_processor.status.server import Made, app
from event_processor.telemetry.logs import places

W = TypeVar("W")


class End(NamedTuple):
    """How a job ended: `is_clean` if all is finished or in safe hands, and what the log says last."""

    is_clean: bool
    words: str = "stopped"
    facts: Mapping[str, object] = {}


class Job(ABC, Generic[W]):
    """One job, as the worker sees it. Made of its settings; what is wrong with them is a SettingsError."""

    def __init__(self, settings: WorkerSettings, watched: Watched) -> None:
        self.settings, self.watched = settings, watched

    @abstractmethod
    def page(self) -> Page:
        """What the status page shows of this job, as of now."""

    @abstractmethod
    def look(self) -> W | str:
        """The work, if all is there that it needs, else what it waits for. Raises CallFailed for what cannot be asked.

        Raises NotReady if no work is possible with what is there.
        """

    @abstractmethod
    def needed(self) -> str:
        """What `look` asks for, in words."""

    @abstractmethod
    def questions(self, work: W) -> Mapping[str, Callable[[], None]]:
        """What is asked now and then while the work goes on, by step; each raises CallFailed."""

    @abstractmethod
    def oldest_seconds(self, work: W) -> float:
        """For how long the oldest work in hand has been there: /livez fails when that is too long."""

    @abstractmethod
    def stop(self, work: W) -> None:
        """Take nothing new from now on, and come to an end."""

    @abstractmethod
    def run(self, work: W) -> End:
        """Work until stopped."""

    def close(self) -> None:
        """Let out what is not out yet. The last thing that a process does."""

    def respond(self) -> Respond:
        """What the metrics port answers: metrics, health, and the status page."""

        def status_page() -> str:
            health = self.watched.health
            settings = list(sources(self.settings))
            links = [("overview", "/overview"), *neighbours.items()] if neighbours else []
            process = Process(__version__, gethostname(), health.live(), health.ready(), settings, links)
            return render(process, self.page())

        neighbours = self.settings.neighbours
        pages = {"/": status_page}
        if neighbours:
            pages["/overview"] = self._overview(neighbours)
        return app(self.watched.metrics.registry, self.watched.health, pages, self.others)

    def _overview(self, neighbours: Mapping[str, str]) -> Callable[[], str]:
        """Looks at them from now on."""
        from event_processor.status.neighbours import Neighbourhood, Told  # noqa: PLC0415 - knows all jobs
        from event_processor.status.overview import render_overview  # noqa: PLC0415 - the same

        def ourselves() -> Told:
            return Told(generate_latest(self.watched.metrics.registry).decode(), self.watched.health.ready())

        neighbourhood = Neighbourhood(ourselves, neighbours, SystemClock())
        neighbourhood.start(self.watched.threads)
        return lambda: render_overview(neighbourhood.seen(), gethostname(), __version__)

    def others(self, request: Request) -> Made | None:  # noqa: ARG002 - most have none
        """The answer of a page that only this job has; None for any other path."""
        return None

    def ask(self, work: W) -> None:
        """All the questions. Whatever is wrong with an answer is told, and asked again: only the watching needs it."""
        for step, question in self.questions(work).items():
            try:
                question()
                self.watched.steps.working(step)
            except CallFailed as error:
                self.watched.steps.failing(step, error)
            except Exception as error:  # noqa: BLE001 - a bug of ours, or an answer that nobody thought of
                failed = CallFailed(f"read_{step}", type(error).__name__, f"at {places(error)[-1]}")
                self.watched.steps.failing(step, failed)
