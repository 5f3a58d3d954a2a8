"""What the metrics port answers: metrics, health, and the status page."""

from socket import gethostname

from event_processor import __version__
from event_processor.bootstrap.runtime import Runtime
from event_processor.settings.loading import sources
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.status.connections import Respond
from event_processor.status.page import Status, render
from event_processor.status.server import app


def web(settings: SubmissionsSettings, runtime: Runtime) -> Respond:
    """What the metrics port answers."""

    def status_page() -> str:
        return render(
            Status(
                version=__version__,
                replica=gethostname(),
                live=runtime.health.live(),
                ready=runtime.health.ready(),
                metrics=runtime.metrics,
                samples=runtime.history.samples(),
                max_submissions=settings.max_in_flight,
                max_bytes=settings.max_in_flight_bytes,
                rejects=runtime.telemetry.rejects.latest,
                settings=list(sources(settings)),
            )
        )

    return app(runtime.metrics.registry, runtime.health, status_page)
