"""What goes to the stream: one record for each event."""

from typing import NamedTuple


class Record(NamedTuple):
    """A Kinesis record, ready to send: `data` is the JSON document of one event.

    `submission_id` is the submission's that the event is of, None for a record of no submission.
    """

    partition_key: str
    data: bytes
    event_type: str
    sequence: int
    submission_id: str | None = None

    @property
    def size_bytes(self) -> int:
        """What Kinesis counts towards its limits: data and partition key."""
        return len(self.data) + len(self.partition_key.encode())
