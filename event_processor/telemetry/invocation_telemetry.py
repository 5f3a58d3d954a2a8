"""Log lines of an invocation of the Lambda function, and what each line in it says: which one it is, of which code."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from event_processor.submissions.ports import InvocationObserver

_FACTS: Final = {
    "request_id": "aws_request_id",
    "function_name": "function_name",
    "function_version": "function_version",
}


class InvocationTelemetry(InvocationObserver):
    """See InvocationObserver."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("event_processor")
        self.facts: dict[str, str] = {}

    @contextmanager
    def of(self, context: Any) -> Iterator[None]:
        """Inside, each line has the facts of this Lambda context."""
        self.facts = {name: str(getattr(context, attribute, "unknown")) for name, attribute in _FACTS.items()}
        try:
            yield
        finally:
            self.facts = {}

    def add(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """For `logs.configure`."""
        event.update(self.facts)
        return event

    def answered(self, finished: Sequence[str], unfinished: Sequence[str]) -> None:
        self._log.info("answered", finished=len(finished), unfinished=len(unfinished))
