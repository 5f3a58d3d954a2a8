"""How large a record may be, as last read from the stream, whose limit may change at any time."""

import threading
from collections.abc import Callable
from dataclasses import replace
from math import inf

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.publishing.publisher import PUT_RECORDS_MAX_BYTES
from event_processor.submissions.written_event import RecordRules
from event_processor.telling import StepObserver, attempt


class RecordLimit:
    """The rules by which records are cut, and the question to the stream that renews them, one at a time."""

    def __init__(self, rules: RecordRules, ask: Callable[[], int] | None, clock: Clock, observer: StepObserver) -> None:
        """Without `ask` the limit is as in `rules` until it is renewed."""
        self.rules = rules
        self._ask, self._clock, self._observer = ask, clock, observer
        self._asked_at = -inf
        self._asking = threading.Lock()

    def renew(self, limit_bytes: int) -> None:
        """Take the limit from somebody who has asked the stream."""
        self.rules = replace(self.rules, limit_bytes=limit_bytes)

    def since(self, moment: float) -> int | None:
        """The limit, asked for no longer ago than `moment`; None if the stream does not answer."""
        with self._asking:
            if self._ask is not None and self._asked_at < moment:
                asked_at = self._clock.monotonic()
                limit_bytes = attempt(self._observer, "limit", self._ask)
                if isinstance(limit_bytes, CallFailed):
                    return None
                self._asked_at = asked_at
                self.renew(limit_bytes)
            return self.rules.limit_bytes

    def rules_since(self, moment: float) -> RecordRules:
        """The rules with that limit; without an answer, with none but that of a call: the stream shall judge."""
        limit_bytes = self.since(moment)
        return replace(self.rules, limit_bytes=PUT_RECORDS_MAX_BYTES if limit_bytes is None else limit_bytes)
