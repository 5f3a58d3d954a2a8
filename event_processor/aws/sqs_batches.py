"""SQS's batch calls: entries with unique ids, and an answer that must name each of them at most once."""

from collections.abc import Container, Sequence
from itertools import count
from typing import Any, Final, NamedTuple, TypeVar

from event_processor.aws.answer_fields import MalformedAnswer, maybe_text, objects, shown_code, text

BATCH: Final = 10  # the most that any SQS batch call takes
_numbers: Final = count(1)
T = TypeVar("T")


class Failure(NamedTuple):
    """Why an entry failed: the code as it is shown, and SQS's own words."""

    code: str
    message: str


class BatchResult(NamedTuple):
    """The answer to a batch, entry by entry. An entry that is in neither is as good as not sent."""

    successful: set[str]
    failed: dict[str, Failure]


def with_ids(entries: Sequence[T]) -> dict[str, T]:
    """Each under an id that no other entry of this process ever had, so that the answer to another call cannot fit."""
    return {f"e{next(_numbers)}": entry for entry in entries}


def read_result(answer: Any, entries: Container[str]) -> BatchResult:
    """Reads the answer to a batch. MalformedAnswer if it names what was not sent, or anything twice."""
    successful = [text(entry, "Id") for entry in objects(answer, "Successful")]
    failed = [(text(entry, "Id"), _failure(entry)) for entry in objects(answer, "Failed")]
    ids = [*successful, *(entry_id for entry_id, _ in failed)]
    if len(set(ids)) < len(ids):
        raise MalformedAnswer("an entry of the batch is answered twice")
    if not all(entry_id in entries for entry_id in ids):
        raise MalformedAnswer("an entry is answered that is none of this batch")
    return BatchResult(set(successful), dict(failed))


def _failure(entry: Any) -> Failure:
    return Failure(shown_code(maybe_text(entry, "Code")), maybe_text(entry, "Message") or "")
