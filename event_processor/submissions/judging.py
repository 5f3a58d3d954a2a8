"""What one message becomes, by the limit that the stream's records have now: the same for all who take messages."""

from collections.abc import Callable
from typing import Final

from event_processor.clock import Clock
from event_processor.errors import ContractsUnread
from event_processor.publishing.stream import Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.record_limit import RecordLimit
from event_processor.submissions.verdicts import Verdicts, verdicts
from event_processor.submissions.written_event import RecordRules
from event_processor.verdict import Reason

REJECT_BATCH: Final = 500


class Judging:
    """Judges bodies. Holds nothing of them."""

    def __init__(self, record_limit: RecordLimit, clock: Clock) -> None:
        self._record_limit, self._clock = record_limit, clock

    def sound_records(self, delivery: Delivery) -> list[Record] | None:
        """The records of a message; None at its first reject."""
        made: list[Record] = []
        for verdict in self._verdicts(delivery, self._record_limit.rules):
            if not isinstance(verdict, Record):
                return None
            made.append(verdict)
        return made

    def records(
        self, delivery: Delivery, rejects: list[Reject], store: Callable[[list[Reject]], None], came: float
    ) -> list[Record]:
        """The records of a message. Adds its rejects to those that are still to be stored.

        `store` is to empty the list, and is called as soon as there are many. What is too large is so by a limit that
        the stream was asked for since the message `came`. Raises ContractsUnread as long as a verdict is not final.
        """
        rules = self._record_limit.rules
        try:
            return self._records(delivery, rejects, store, came, rules)
        except ContractsUnread:
            rules.event_types.renew()
        return self._records(delivery, rejects, store, came, rules)

    def _records(
        self,
        delivery: Delivery,
        rejects: list[Reject],
        store: Callable[[list[Reject]], None],
        came: float,
        rules: RecordRules,
    ) -> list[Record]:
        records: list[Record] = []
        before = len(rejects)  # those of other messages
        for verdict in self._verdicts(delivery, rules):
            if isinstance(verdict, Record):
                records.append(verdict)
                continue
            if verdict.reason is Reason.TOO_LARGE and (present := self._record_limit.rules_since(came)) != rules:
                del rejects[before:]
                return self._records(delivery, rejects, store, came, present)
            if not rules.event_types.is_final(verdict):
                del rejects[before:]
                raise ContractsUnread("contracts", "NotRead", "contracts were not read since the message came")
            rejects.append(verdict)
            if len(rejects) >= REJECT_BATCH:
                store(rejects)
                before = 0
        return records

    def _verdicts(self, delivery: Delivery, rules: RecordRules) -> Verdicts:
        found = verdicts(delivery.body, delivery.origin, rules, self._clock.now())
        delivery.submission_id = found.submission_id
        return found
