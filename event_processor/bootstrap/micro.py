"""Settings to a gateway in micro mode: no AWS, no keys, on loopback."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from event_processor.bootstrap.gateway import limits_of, listen, must_be_installed, new_names
from event_processor.bootstrap.gateway_files import is_loopback
from event_processor.clock import SystemClock
from event_processor.contracts.streams import Stream
from event_processor.contracts.watcher import Watcher
from event_processor.errors import CallFailed, SettingsError
from event_processor.gateway.doorkeeper import Doorkeeper
from event_processor.gateway.gateway import Gateway
from event_processor.gateway.line import Line
from event_processor.gateway.micro.memory import Memory
from event_processor.gateway.micro.sink import MicroObserver, MicroRejects, MicroSink
from event_processor.publishing.publisher import Publisher
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.streams_file import read_streams
from event_processor.stores.contract_directory import DirectoryContracts
from event_processor.telling import FanOut

if TYPE_CHECKING:
    from event_processor.gateway.serving import Serving

_LIMIT_BYTES: Final = 1024 * 1024  # of a record, where a stream of Kinesis is not set to take larger ones
_GRACE_SECONDS: Final = 2.0
_NO_STREAMS: Final = "`streams:`, and below it a line such as `  user-events: {contract: user-events}`"
_NO_CONTRACTS: Final = (
    "`event-processor contracts publish FILE` makes it, of a JSON Schema with x-subject and x-version"
)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MicroWork:
    """What serves, where, and what it knows."""

    serving: "Serving"
    url: str
    streams: Sequence[str]
    contracts: int


def make_micro(settings: GatewaySettings, say: Say) -> MicroWork:
    """Contracts that change are told by `say`. Raises SettingsError, also for what has to be made first."""
    must_be_installed()
    from event_processor.gateway.around import around  # noqa: PLC0415 - an extra: only here
    from event_processor.gateway.carrying import Carrying  # noqa: PLC0415
    from event_processor.gateway.http import Door  # noqa: PLC0415
    from event_processor.gateway.micro.routes import Micro  # noqa: PLC0415
    from event_processor.gateway.serving import Serving  # noqa: PLC0415

    folder = _must_be_there(settings)
    streams, memory = read_streams(settings.streams_file), Memory()
    hearing = MicroObserver(memory)
    observer = FanOut(hearing, _Told(say))
    watcher = Watcher(DirectoryContracts(folder, settling_seconds=0), observer, SystemClock(), 0)
    hearing.contracts = watcher
    if not watcher.refresh():
        raise SettingsError(f"CONTRACTS: {settings.contracts} cannot be read: {hearing.trouble}")
    gateway = Gateway(_lines(streams), watcher, limits_of(settings), new_names(), observer)
    sinks = {name: MicroSink(name, memory, watcher, partial(datetime.now, UTC)) for name in streams}
    carrying = Carrying(gateway, sinks, MicroRejects(), observer)
    door = around(Door(carrying, Doorkeeper(None), observer).app(), "*", None)
    app = Micro(door, memory, watcher, hearing, streams)
    listener = listen(settings.gateway_host, settings.gateway_port)
    serving = Serving(carrying, app, listener, _GRACE_SECONDS, 0, None, observer)
    host = f"[{settings.gateway_host}]" if ":" in settings.gateway_host else settings.gateway_host
    url = f"http://{host}:{listener.getsockname()[1]}"
    return MicroWork(serving, url, list(streams), len(watcher.current.contracts))


def _must_be_there(settings: GatewaySettings) -> Path:
    """The folder of contracts. Raises SettingsError with all that is missing."""
    kind, _, name = settings.contracts.partition(":")
    wrong = []
    if not is_loopback(settings.gateway_host):
        wrong.append(f"GATEWAY_HOST: was {settings.gateway_host}; allowed with --micro: 127.0.0.1 or ::1")
    if not settings.streams_file.startswith("{") and not Path(settings.streams_file).exists():
        wrong.append(f"STREAMS_FILE: there is no {settings.streams_file}; it needs {_NO_STREAMS} (docs/micro.md)")
    if kind != "dir":
        wrong.append(f"CONTRACTS: was {settings.contracts}; allowed with --micro: dir:PATH")
    elif not Path(name).is_dir():
        wrong.append(f"CONTRACTS: there is no folder {name}; {_NO_CONTRACTS} (docs/contracts.md)")
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Path(name)


def _lines(streams: Mapping[str, Stream]) -> dict[str, Line]:
    return {name: Line(stream, Publisher(random.random), _LIMIT_BYTES, 0) for name, stream in streams.items()}


class _Told:
    """What a developer sees in the terminal: how it is with the contracts."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._trouble: str | None = None
        self._is_begun = False

    def contracts_live(self, epoch: int, changed: Sequence[str]) -> None:  # noqa: ARG002
        """See WatchObserver."""
        if changed and self._is_begun:
            self._say(f"contracts that changed: {', '.join(changed)}")
        self._is_begun = True

    def failing(self, step: str, error: CallFailed) -> None:
        """See WatchObserver."""
        if str(error) != self._trouble:
            self._trouble = str(error)
            self._say(f"{step} cannot be read, the last ones count: {error}")

    def working(self, step: str) -> None:
        """See WatchObserver."""
        if step == "contracts":
            self._trouble = None

    def broken(self, error: Exception) -> None:
        """See GatewayObserver."""
        self._say(f"bug: a record or request failed: {type(error).__name__}")
