"""Is it alive, is it ready, and why not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from event_processor.observability.telemetry import Telemetry

_NEEDED: Final = {  # steps, and what they are called here
    "receive": "receive",
    "put": "put",
    "store": "reject store",  # a receiver that holds a reject waits for it: soon nothing more is received
    "queue": "queue",
    "stream": "stream",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a health check; `reasons` say why not."""

    ok: bool
    reasons: list[str] = field(default_factory=list)


class Health:
    """Judges by what the steps report, so one failed call, which is tried again, does not flap."""

    def __init__(self, telemetry: Telemetry, unfinished_limit_seconds: float) -> None:
        self._telemetry = telemetry
        self._limit_seconds = unfinished_limit_seconds
        self._oldest_seconds: Callable[[], float] = lambda: 0.0
        self._not_ready = "starting"

    def waiting_for(self, what: str) -> None:
        """Not ready yet, because of this."""
        self._not_ready = f"waiting for {what}"

    def started(self, oldest_unfinished_seconds: Callable[[], float]) -> None:
        """The loop runs; the function tells how long the oldest message has been in hand."""
        self._oldest_seconds = oldest_unfinished_seconds
        self._not_ready = ""

    def stopping(self) -> None:
        """No new work from now on."""
        self._not_ready = "stopping"

    def live(self) -> Verdict:
        """Not live when something received has been unfinished for too long: a restart may help."""
        oldest_seconds = self._oldest_seconds()
        if oldest_seconds <= self._limit_seconds:
            return Verdict(True)
        return Verdict(
            False, [f"a submission is unfinished for {oldest_seconds:.0f} s, over {self._limit_seconds:g} s"]
        )

    def ready(self) -> Verdict:
        """Not ready while queue, stream or reject store cannot be reached, and once too much was rejected."""
        troubles = self._telemetry.troubles
        reasons = [f"{name} fails: {troubles[step].text}" for step, name in _NEEDED.items() if step in troubles]
        if halted := self._telemetry.reject_limit_reached:
            reasons.append(f"reject limit reached, nothing is received: {halted}; mend the cause, then restart")
        reasons += [self._not_ready] if self._not_ready else []
        return Verdict(not reasons, reasons)
