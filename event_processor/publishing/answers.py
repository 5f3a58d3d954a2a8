"""What the services say about one thing of a batch. A 200 answer says nothing: each entry has its own fate."""

from dataclasses import dataclass
from typing import NamedTuple

from event_processor.submissions.delivery import Delivery


class Acknowledged(NamedTuple):
    """The record is stored, there."""

    shard_id: str
    sequence_number: int


class Refused(NamedTuple):
    """The record is not stored, and why. `blames_record`: for what it is, so that sending it again may never help."""

    error_code: str
    blames_record: bool = False


Answer = Acknowledged | Refused


@dataclass(frozen=True, slots=True)
class EntryFailure:
    """An entry of a queue call that did not succeed. `gone`: the handle is stale, the message is not ours any more."""

    delivery: Delivery
    error_code: str
    gone: bool
