"""Looks at other jobs every few seconds: are they ready, what do they do, and how fast."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Final, NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from event_processor.clock import Clock
from event_processor.status.health import Verdict
from event_processor.status.job_figures import JobFigures, figures_of
from event_processor.telemetry.threads import Threads

LOOK_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 2.0
_STALE_SECONDS: Final = 3 * LOOK_SECONDS
_MOST_BYTES: Final = 4_000_000


class Told(NamedTuple):
    """What a job says of itself: the text of /metrics, and whether it is ready."""

    metrics: str
    ready: Verdict


class Rates(NamedTuple):
    """A second, between the last two looks."""

    taken: float
    passed: float
    rejected: float
    notices: float
    loaded: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One job as it was last seen; `figures` and `rates` are None until it has answered, once and twice.

    `troubles` and `warnings` say what is wrong: no answer, not ready, or figures that must be 0.
    """

    name: str
    url: str
    figures: JobFigures | None
    rates: Rates | None
    troubles: Sequence[str]
    warnings: Sequence[str] = ()


class Neighbour:
    """One job. `look` asks it, `seen` is what came of that."""

    def __init__(self, name: str, url: str, ask: Callable[[], Told], clock: Clock) -> None:
        self._name, self._url, self._ask, self._clock = name, url, ask, clock
        self._figures: JobFigures | None = None
        self._rates: Rates | None = None
        self._verdict = Verdict(False, ["not asked yet"])
        self._at = clock.monotonic()

    def look(self) -> None:
        """Ask it. Whatever is wrong with the answer is what is seen."""
        try:
            told = self._ask()
            figures = figures_of(told.metrics)
        except Exception as error:  # noqa: BLE001 - a stranger may answer anything
            self._rates, self._verdict = None, Verdict(False, [f"no answer: {_words(error)}"])
        else:
            self._verdict = told.ready if figures else Verdict(False, ["it is not one of these jobs"])
            now = self._clock.monotonic()
            self._rates = _rates(self._figures, figures, now - self._at)
            self._figures = figures or self._figures
        self._at = self._clock.monotonic()

    def seen(self) -> Seen:
        """See Seen."""
        troubles = list(self._verdict.reasons)
        if (seconds := self._clock.monotonic() - self._at) > _STALE_SECONDS:
            troubles.append(f"no answer for {seconds:.0f} s")
        troubles += self._figures.alarms if self._figures else ()
        return Seen(self._name, self._url, self._figures, self._rates, troubles, self._verdict.warnings)

    def run(self) -> None:
        """Look again and again."""
        pause = Event()
        while True:
            self.look()
            pause.wait(LOOK_SECONDS)


class Neighbourhood:
    """This job and those that it was told of."""

    def __init__(self, ourselves: Callable[[], Told], jobs: Mapping[str, str], clock: Clock) -> None:
        others = (Neighbour(name, url, partial(ask, url), clock) for name, url in jobs.items())
        self._all = [Neighbour("", "/", ourselves, clock), *others]

    def start(self, threads: Threads) -> None:
        """Look from now on, at each in a thread of its own, so that one that hangs holds up no other."""
        for number, each in enumerate(self._all):
            threads.start(f"neighbour {number}", each.run)

    def seen(self) -> list[Seen]:
        """Ourselves first."""
        return [each.seen() for each in self._all]


def ask(url: str) -> Told:
    """Ask a job that listens there. Raises OSError and ValueError."""
    metrics, ready = (_get(f"{url.rstrip('/')}/{page}") for page in ("metrics", "readyz"))
    found = json.loads(ready)
    return Told(
        metrics, Verdict(found["ok"], [str(each) for each in found["reasons"]], list(map(str, found["warnings"])))
    )


def _get(url: str) -> str:
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=_ANSWER_SECONDS) as answer:
            body: bytes = answer.read(_MOST_BYTES)
    except HTTPError as error:
        with error:
            body = error.read(_MOST_BYTES)
    return body.decode()


def _rates(before: JobFigures | None, now: JobFigures | None, seconds: float) -> Rates | None:
    """None also after a restart, when everything is counted again."""
    if before is None or now is None or seconds <= 0 or before.job != now.job or now.taken < before.taken:
        return None
    return Rates(*((getattr(now, name) - getattr(before, name)) / seconds for name in Rates._fields))


def _words(error: Exception) -> str:
    with suppress(AttributeError):
        return str(error.reason)  # type: ignore[attr-defined] # of a URLError
    return str(error) or type(error).__name__
