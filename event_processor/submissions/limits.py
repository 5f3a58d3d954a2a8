"""The bounds of one process, from its settings."""

from dataclasses import dataclass

from event_processor.submissions.extensions import PARALLEL_CALLS


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one process may have in its hands, and how many threads carry it."""

    max_submissions: int
    max_bytes: int
    receive_batch: int
    largest_body_bytes: int
    visibility_seconds: int
    grace_seconds: float
    receivers: int
    waves_in_flight: int = 2
    deleters: int = 4
    extenders: int = PARALLEL_CALLS
    keepers: int = 2
    reject_share: float = 0.0
    reject_run: int = 0
