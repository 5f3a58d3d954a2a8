"""The worker: waits for queue and stream, processes until a signal, and says by its exit code how that went."""

import os
import signal
import threading
import time
from collections.abc import Callable
from itertools import chain
from typing import Final

import structlog

from event_processor import __version__, bootstrap
from event_processor.aws.clients import PATIENCE_SECONDS
from event_processor.aws.facts import QueueFacts, StreamFacts, concerns, holding_concerns
from event_processor.bootstrap import Base
from event_processor.errors import CallFailed, NotReady
from event_processor.observability.server import serve
from event_processor.processor import Processor
from event_processor.settings import Settings, sources

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_RETRY_SECONDS: Final = 2.0
_WATCH_SECONDS: Final = 15.0
_ECHO_SECONDS: Final = 0.5  # a signal to the process and to its group arrives twice; that is not "a second signal"
_log = structlog.get_logger("event_processor")


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT. Returns the exit code: 0 if all work was finished or given back, else 1.

    Raises SettingsError and NotReady.
    """
    stop = threading.Event()
    _on_signal(stop.set)
    _log.info("starting", version=__version__, settings={name: value for name, value, _ in sources(settings)})
    base = bootstrap.base(settings, PATIENCE_SECONDS)
    port = serve(settings.metrics_host, settings.metrics_port, bootstrap.web(settings, base))
    base.history.start()
    _log.info("listening", host=settings.metrics_host, port=port)
    processor = _wait_for_aws(settings, base, stop)
    if processor is None:
        _log.info("stopped", detail="before queue and stream were there")
        return 0
    return _work(settings, base, processor, stop)


def _work(settings: Settings, base: Base, processor: Processor, stop: threading.Event) -> int:
    def stop_processor() -> None:
        stop.wait()
        base.health.stopping()
        _log.info("stopping", grace_seconds=settings.shutdown_grace, longest_open_receive_seconds=settings.wait_time)
        processor.stop()

    _in_background(stop_processor)
    _in_background(lambda: _watch(settings, base, stop))
    base.health.started(processor.oldest_unfinished_seconds)
    base.telemetry.oldest_unfinished(processor.oldest_unfinished_seconds)
    base.telemetry.lanes_paced(processor.paced_lanes)
    _log.info("running")
    outcome = processor.run()
    base.telemetry.say_progress()
    base.close()
    if outcome.is_clean:
        _log.info("stopped", released=outcome.released)
        return 0
    _log.error(
        "stopped with work unreleased: it comes again when its visibility timeout runs out",
        unreleased=outcome.unreleased,
        released=outcome.released,
        crashed=outcome.crashed,
    )
    return 1


def _wait_for_aws(settings: Settings, base: Base, stop: threading.Event) -> Processor | None:
    """The processor, as soon as queue and stream are there and fit to work with; None if a signal came first."""
    said = ""
    while not stop.is_set():
        try:
            queue, stream = base.inspector.queue(settings.queue_name), base.inspector.stream(settings.stream_name)
            if stream.status != "CREATING":
                _warn(queue, stream, settings)
                return bootstrap.processor(settings, base, queue, stream)
            waiting = f"stream {stream.name} to be ACTIVE"
        except CallFailed as error:
            waiting = f"queue {settings.queue_name} and stream {settings.stream_name}: {error}"
        base.health.waiting_for(waiting)
        if waiting != said:
            _log.warning("waiting", what=waiting)
            said = waiting
        stop.wait(_RETRY_SECONDS)
    return None


def _warn(queue: QueueFacts, stream: StreamFacts, settings: Settings) -> None:
    found = concerns(queue, stream, settings.visibility_timeout)
    for concern in chain(found, holding_concerns(settings.max_in_flight, settings.visibility_timeout)):
        if concern.fatal:
            raise NotReady(concern.text)
        _log.warning("concern", text=concern.text)


def _watch(settings: Settings, base: Base, stop: threading.Event) -> None:
    """Ask queue and stream now and then how they are: for the depth metric, and so that readiness knows when idle."""
    while not stop.wait(_WATCH_SECONDS):
        base.telemetry.say_progress()
        try:
            queue = base.watcher.queue(settings.queue_name)
            base.telemetry.queue_depth(queue.visible, queue.in_flight, queue.delayed)
            base.telemetry.working("queue")
        except CallFailed as error:
            base.telemetry.failing("queue", error)
        try:
            stream = base.watcher.stream(settings.stream_name)
            if stream.ignores_partition_keys:
                raise CallFailed(
                    "read_stream", "AUTO", f"stream {stream.name} now ignores partition keys: order is lost"
                )
            base.telemetry.working("stream")
        except CallFailed as error:
            base.telemetry.failing("stream", error)


def _on_signal(action: Callable[[], None]) -> None:
    """Call it at the first signal; end the process at the second. No code runs inside a signal handler."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # inherited by all threads; ours alone takes them

    def wait() -> None:
        _log.info("signal", name=signal.Signals(signal.sigwait(_SIGNALS)).name)
        action()
        echo_until = time.monotonic() + _ECHO_SECONDS
        while (seconds := echo_until - time.monotonic()) > 0:
            signal.sigtimedwait(_SIGNALS, seconds)
        second = signal.sigwait(_SIGNALS)
        _log.error("second signal: ending at once; work in hand comes again", name=signal.Signals(second).name)
        os._exit(128 + second)

    _in_background(wait)


def _in_background(task: Callable[[], None]) -> None:
    threading.Thread(target=task, name=task.__name__, daemon=True).start()
