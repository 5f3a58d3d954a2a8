"""Is it alive, is it ready, and why not."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from event_processor.telemetry.call_telemetry import StepTelemetry, Trouble
from event_processor.telemetry.threads import Threads

_WORKS_SECONDS: Final = 60.0  # a success this recent shows that a step works: thrice the longest receive
_GONE: Final = re.compile("NotExist|NonExistent|NotFound|^AUTO$")
_REFUSED: Final = re.compile(
    "AccessDenied|NotAuthorized|Throttl|TooManyRequests|LimitExceeded|OverLimit|InternalFailure|InternalError|ServiceUnavailable"
)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a job cannot do without.

    `data_path` has the steps without which nothing goes on, and what they are called here; `questions` the steps that
    only ask how something is, and the step that needs the same thing to work, None if the work needs nothing of it.
    `unfinished` says what is too old when it has been in hand for too long.
    """

    data_path: Mapping[str, str]
    questions: Mapping[str, str | None]
    unfinished: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a health check; `reasons` say why not; `warnings` do not make it fail."""

    ok: bool
    reasons: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Health:
    """Judges by what the steps report, so one failed call, which is tried again, does not flap."""

    def __init__(
        self,
        needs: Needs,
        steps: StepTelemetry,
        unfinished_limit_seconds: float,
        threads: Threads | None = None,
        more: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`more` tells what else keeps the job from being ready."""
        self._needs, self._steps, self._threads, self._more = needs, steps, threads, more
        self._limit_seconds = unfinished_limit_seconds
        self._oldest_seconds: Callable[[], float] = lambda: 0.0
        self._not_ready = "starting"

    def waiting_for(self, what: str) -> None:
        """Not ready yet: waiting for this."""
        self._not_ready = f"waiting for {what}"

    def started(self, oldest_unfinished_seconds: Callable[[], float]) -> None:
        """The loop runs; the function tells for how long the oldest work in hand has been there."""
        self._oldest_seconds = oldest_unfinished_seconds
        self._not_ready = ""

    def stopping(self) -> None:
        """No new work from now on."""
        self._not_ready = "stopping"

    def live(self) -> Verdict:
        """Not live when something in hand has been unfinished for too long: a restart may help."""
        oldest_seconds = self._oldest_seconds()
        if oldest_seconds <= self._limit_seconds:
            return Verdict(True)
        what, limit_seconds = self._needs.unfinished, self._limit_seconds
        return Verdict(False, [f"{what} is unfinished for {oldest_seconds:.0f} s, over {limit_seconds:g} s"])

    def ready(self) -> Verdict:
        """Not ready while something on the data path does not work, or when a thread has ended.

        That a question gets no answer is a warning, as long as the work goes on without it.
        """
        troubles = self._steps.troubles
        data_path = self._needs.data_path.items()
        reasons = [f"{name} fails: {troubles[step].text}" for step, name in data_path if step in troubles]
        warnings: list[str] = []
        for step, works in self._needs.questions.items():
            if trouble := troubles.get(step):
                (warnings if self._is_harmless(trouble, works) else reasons).append(f"{step} fails: {trouble.text}")
        reasons += self._more()
        if self._threads is not None:
            reasons += self._threads.ended
            warnings += self._threads.silent
        reasons += [self._not_ready] if self._not_ready else []
        return Verdict(not reasons, reasons, warnings)

    def _is_harmless(self, trouble: Trouble, works: str | None) -> bool:
        """Whether only the check of the state of queue or stream failed, and not the work.

        "It does not exist" is never harmless. A question that AWS refuses says nothing of the work: IAM and quotas
        judge each operation by itself. Without any answer the work must show that the service can be reached; an idle
        processor has nothing else to go by.
        """
        if works is None:
            return True
        if _GONE.search(trouble.code):
            return False
        return bool(_REFUSED.search(trouble.code)) or self._steps.worked_within(works, _WORKS_SECONDS)
