"""The store that keeps no originals: the observer logs the rejects; their originals are logged here, at DEBUG only."""

from collections.abc import Sequence

import structlog

from event_processor.rejects.reject import Reject


class LogRejects:
    """See RejectStore. The default: rejects are counted and logged, and their originals are not kept."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("event_processor.rejects")

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        for reject in rejects:
            self._log.debug("original", reject_id=reject.reject_id, original=reject.original)
        return []
