"""A stream in memory that never takes some of the records."""

from collections.abc import Callable, Sequence

from event_processor.errors import RecordsRefused
from event_processor.publishing.stream import Answer, Record, Refused
from event_processor.testing import MemoryStream


class PickyStream(MemoryStream):
    """Refuses records for good: the whole call that one of them is in, or just its entry."""

    def __init__(self, is_bad: Callable[[Record], bool], whole: bool, shards: int = 1) -> None:
        super().__init__(shards)
        self._is_bad, self._whole = is_bad, whole

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """See Sink."""
        bad = [self._is_bad(record) for record in records]
        if self._whole and any(bad):
            raise RecordsRefused("put", "InvalidArgumentException", "a record is not as it should be")
        answers = iter(super().put([each for each, is_bad in zip(records, bad, strict=True) if not is_bad]))
        refusal = Refused("InvalidArgumentException", blames_record=True)
        return [refusal if is_bad else next(answers) for is_bad in bad]
