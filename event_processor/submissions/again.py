"""Rejects of submissions, judged once more: see `rejects.replay`."""

from event_processor.clock import Clock
from event_processor.publishing.stream import Record
from event_processor.rejects.reject import KeptReject
from event_processor.rejects.replay import Place
from event_processor.submissions.repair import judged_again, repairable_line
from event_processor.submissions.written_event import RecordRules
from event_processor.verdict import Fault


class SubmissionsAgain:
    """See Again. The rejects of a submission go out together, in submission order."""

    def __init__(self, rules: RecordRules, clock: Clock) -> None:
        self._rules, self._clock = rules, clock

    def line(self, kept: KeptReject) -> str:
        """See Again."""
        return repairable_line(kept)

    def judge(self, kept: KeptReject, repaired: str | None) -> list[Record] | tuple[Fault, ...]:
        """See Again."""
        return judged_again(kept, repaired, self._rules, self._clock.now())

    def place(self, kept: KeptReject) -> Place:
        """See Again."""
        return Place(kept.submission_id or kept.reject_id, None, ("", kept.sequence or 0))
