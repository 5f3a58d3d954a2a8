"""Is it alive, is it ready, and why not."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from event_processor.telemetry.call_telemetry import Trouble
from event_processor.telemetry.run_telemetry import RunTelemetry
from event_processor.telemetry.threads import Threads

_DATA_PATH: Final = {  # steps without which nothing is received or published, and what they are called here
    "receive": "receive",
    "put": "put",
    "store": "reject store",  # a receiver that holds a reject waits for it: soon nothing more is received
    "credentials": "getting credentials",
}
_QUESTIONS: Final = {  # steps that only ask how queue and stream are, and the step that needs the same thing to work
    "queue": "receive",
    "stream": "put",
}
_WORKS_SECONDS: Final = 60.0  # a success this recent shows that a step works: thrice the longest receive
_GONE: Final = re.compile("NotExist|NonExistent|NotFound|^AUTO$")
_REFUSED: Final = re.compile(
    "AccessDenied|NotAuthorized|Throttl|TooManyRequests|LimitExceeded|OverLimit|InternalFailure|InternalError|ServiceUnavailable"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a health check; `reasons` say why not; `warnings` do not make it fail."""

    ok: bool
    reasons: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Health:
    """Judges by what the steps report, so one failed call, which is tried again, does not flap."""

    def __init__(
        self, telemetry: RunTelemetry, unfinished_limit_seconds: float, threads: Threads | None = None
    ) -> None:
        self._telemetry, self._threads = telemetry, threads
        self._limit_seconds = unfinished_limit_seconds
        self._oldest_seconds: Callable[[], float] = lambda: 0.0
        self._not_ready = "starting"

    def waiting_for(self, what: str) -> None:
        """Not ready yet: waiting for this."""
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
        """Not ready while queue, stream or store does not work, after the reject limit, or when a thread has ended.

        That a question about queue or stream gets no answer is a warning, as long as the work goes on without it.
        """
        troubles = self._telemetry.steps.troubles
        reasons = [f"{name} fails: {troubles[step].text}" for step, name in _DATA_PATH.items() if step in troubles]
        warnings: list[str] = []
        for step, works in _QUESTIONS.items():
            if trouble := troubles.get(step):
                (warnings if self._is_harmless(trouble, works) else reasons).append(f"{step} fails: {trouble.text}")
        if halted := self._telemetry.rejects.limit_reached:
            reasons.append(f"reject limit reached, nothing is received: {halted}; mend the cause, then restart")
        if self._threads is not None:
            reasons += self._threads.ended
            warnings += self._threads.silent
        reasons += [self._not_ready] if self._not_ready else []
        return Verdict(not reasons, reasons, warnings)

    def _is_harmless(self, trouble: Trouble, works: str) -> bool:
        """Whether only the check of the state of queue or stream failed, and not the work.

        "It does not exist" is never harmless. A question that AWS refuses says nothing of the work: IAM and quotas
        judge each operation by itself. Without any answer the work must show that the service can be reached; an idle
        processor has nothing else to go by.
        """
        if _GONE.search(trouble.code):
            return False
        return bool(_REFUSED.search(trouble.code)) or self._telemetry.steps.worked_within(works, _WORKS_SECONDS)
