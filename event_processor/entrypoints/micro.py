"""The gateway in micro mode, from its settings until a signal."""

from collections.abc import Callable

from event_processor.bootstrap.micro import make_micro
from event_processor.clock import SystemClock
from event_processor.entrypoints.signals import on_signal
from event_processor.settings.gateway import GatewaySettings
from event_processor.telemetry.log_sink import LogSink
from event_processor.telemetry.threads import Threads


def run(settings: GatewaySettings, sink: LogSink, say: Callable[[str], None]) -> int:
    """Returns the exit code. Raises SettingsError."""
    work = make_micro(settings, say)
    on_signal(work.serving.stop, Threads(SystemClock()), sink)
    say(f"streams: {', '.join(work.streams)}; contracts: {work.contracts}; nothing is published, no key is asked for")
    if not work.contracts:
        say("without a contract every record is refused; `event-processor contracts publish FILE` makes one count")
    say(f"POST to {work.url}/streams/{work.streams[0]}/record, and look at {work.url}/micro")
    return 0 if work.serving.run().is_clean else 1
