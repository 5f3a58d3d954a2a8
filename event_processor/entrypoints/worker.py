"""The worker: waits for queue and stream, processes until a signal, and says by its exit code how that went."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Final

import structlog

from event_processor import __version__, bootstrap
from event_processor.aws.clients import PATIENCE_SECONDS
from event_processor.aws.resources import QueueFacts, StreamFacts, concerns, holding_concerns, size_concerns
from event_processor.bootstrap import Base
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed, NotReady
from event_processor.settings import Settings, sources
from event_processor.status.server import serve
from event_processor.submissions.processor import Processor
from event_processor.telemetry.log_sink import LogSink
from event_processor.telemetry.logs import places
from event_processor.telemetry.threads import Threads

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_RETRY_SECONDS: Final = 2.0
_WATCH_SECONDS: Final = 15.0
_LAST_WORD_SECONDS: Final = 0.3
_ECHO_SECONDS: Final = 0.5  # a signal to the process and to its group arrives twice; that is not "a second signal"
_log = structlog.get_logger("event_processor")


def run(settings: Settings, sink: LogSink) -> int:
    """Work until SIGTERM or SIGINT. Returns the exit code: 0 if all work was finished or given back, else 1.

    Raises SettingsError and NotReady.
    """
    stop, threads = threading.Event(), Threads(SystemClock())
    _on_signal(stop.set, threads, sink)
    base = bootstrap.base(settings, PATIENCE_SECONDS, threads)  # what is wrong with them is the only line then
    _log.info("starting", version=__version__, settings={name: value for name, value, _ in sources(settings)})
    base.telemetry.log_lines_dropped(sink.count_dropped)
    port = serve(settings.metrics_host, settings.metrics_port, bootstrap.web(settings, base))
    base.history.start(threads)
    _log.info("listening", host=settings.metrics_host, port=port)
    processor = _wait_for_aws(settings, base, stop)
    if processor is None:
        _log.info("stopped", detail="before queue and stream were there")
        return 0
    return _work(settings, base, processor, stop)


def _work(settings: Settings, base: Base, processor: Processor, stop: threading.Event) -> int:
    def stop_processor() -> None:
        stop.wait()
        processor.stop()
        base.health.stopping()
        _log.info("stopping", grace_seconds=settings.shutdown_grace, longest_open_receive_seconds=settings.wait_time)

    base.threads.start("stop", stop_processor)
    base.threads.start("watch", partial(_watch, settings, base, processor, stop))
    base.health.started(processor.oldest_unfinished_seconds)
    base.telemetry.oldest_unfinished(processor.oldest_unfinished_seconds)
    base.telemetry.lanes_paced(processor.paced_lanes)
    _log.info("running")
    outcome = processor.run()
    with contextlib.suppress(Exception):  # the exit code is about the work
        base.telemetry.say_progress()
        base.close()
    if outcome.is_clean:
        _log.info("stopped", released=outcome.released)
        return 0
    _log.error(
        "stopped with work unreleased: it comes again when its visibility timeout runs out",
        unreleased=outcome.unreleased,
        perhaps_hidden=outcome.perhaps_hidden,
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
                _warn(queue, stream, settings, bootstrap.reject_queue(settings, base))
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


def _warn(queue: QueueFacts, stream: StreamFacts, settings: Settings, rejects: QueueFacts | None) -> None:
    found = chain(
        concerns(queue, stream, settings.visibility_timeout),
        holding_concerns(settings.max_in_flight, settings.visibility_timeout),
        size_concerns(queue, rejects) if rejects else (),
    )
    for concern in found:
        if concern.fatal:
            raise NotReady(concern.text)
        _log.warning("concern", text=concern.text)


def _watch(settings: Settings, base: Base, processor: Processor, stop: threading.Event) -> None:
    """Ask queue and stream now and then how they are: for the processor, the depth metric, and readiness when idle."""
    while not stop.wait(_WATCH_SECONDS):
        base.threads.alive("watch")
        with contextlib.suppress(Exception):
            base.telemetry.say_progress()
        _ask(base, "queue", partial(_ask_queue, settings, base, processor))
        _ask(base, "stream", partial(_ask_stream, settings, base, processor))
    base.threads.done("watch")


def _ask(base: Base, step: str, question: Callable[[], None]) -> None:
    """Whatever is wrong with an answer is told, and asked again: nothing but the watching depends on it."""
    try:
        question()
        base.telemetry.working(step)
    except CallFailed as error:
        base.telemetry.failing(step, error)
    except Exception as error:  # noqa: BLE001 - a bug of ours, or an answer that nobody thought of
        base.telemetry.failing(step, CallFailed(f"read_{step}", type(error).__name__, f"at {places(error)[-1]}"))


def _ask_queue(settings: Settings, base: Base, processor: Processor) -> None:
    queue = base.watcher.queue(settings.queue_name)
    processor.renew_queue(queue.largest_body_bytes)
    base.telemetry.queue_depth(queue.visible, queue.in_flight, queue.delayed)


def _ask_stream(settings: Settings, base: Base, processor: Processor) -> None:
    stream = base.watcher.stream(settings.stream_name)
    processor.renew_stream(stream.record_limit_bytes, stream.shards)
    if stream.ignores_partition_keys:
        raise CallFailed("read_stream", "AUTO", f"stream {stream.name} now ignores partition keys: order is lost")


def _on_signal(action: Callable[[], None], threads: Threads, sink: LogSink) -> None:
    """Call it at the first signal; end the process at the second. No code runs inside a signal handler."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # inherited by all threads; ours alone takes them

    def wait() -> None:
        first = signal.sigwait(_SIGNALS)
        action()  # before it is told, which may fail
        _log.info("signal", name=signal.Signals(first).name)
        echo_until = time.monotonic() + _ECHO_SECONDS
        while (seconds := echo_until - time.monotonic()) > 0:
            signal.sigtimedwait(_SIGNALS, seconds)
        second = signal.sigwait(_SIGNALS)
        _log.error("second signal: ending at once; work in hand comes again", name=signal.Signals(second).name)
        sink.drain(_LAST_WORD_SECONDS)
        os._exit(128 + second)

    threads.start("signals", wait)
