"""What the stream says about one record of a call. A 200 answer says nothing: each record has its own fate."""

from typing import NamedTuple


class Acknowledged(NamedTuple):
    """The record is stored, there."""

    shard_id: str
    sequence_number: int


class Refused(NamedTuple):
    """The record is not stored, and why. `blames_record`: for what it is, so that sending it again may never help."""

    error_code: str
    blames_record: bool = False


Answer = Acknowledged | Refused
