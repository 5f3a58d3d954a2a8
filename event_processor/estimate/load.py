"""The load that somebody sizes for, and the sizes of its messages and records."""

from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

from event_processor.errors import SettingsError
from event_processor.estimate.billing import FIREHOSE_STEP_BYTES, KIB, ON_DEMAND_STEP_BYTES, PUT_UNIT_BYTES, begun

MIB: Final = 1024 * KIB
LARGEST_MESSAGE_BYTES: Final = MIB  # SendMessage, API reference
AROUND_EVENT_BYTES: Final = 336  # of a record: its partition key, and all of its JSON around `event_data`
SUBMISSION_BYTES: Final = 213  # of a submission's JSON without its events
_LEAST_EVENT_BYTES: Final = 20

Transport = Literal["lean", "boto3"]


@dataclass(frozen=True, slots=True)
class Sampled:
    """What a record of a sample is billed as on average, each rounded up by itself, and what it takes in the lake."""

    records: int
    put_units: float
    on_demand_kb: float
    firehose_kb: float
    lake_bytes: float


@dataclass(frozen=True, slots=True)
class Load:
    """What comes, per second, and under which conditions. Raises SettingsError if it cannot be.

    `record_bytes` is what Kinesis counts: an event's JSON with all that is written around it, and the partition key.
    `headroom` is the share of every capacity that is kept free.
    """

    events_per_second: float
    record_bytes: int = 400
    events_per_submission: int = 5
    latency_seconds: float = 0.005
    transport: Transport = "lean"
    headroom: float = 0.3
    sampled: Sampled | None = None

    def __post_init__(self) -> None:
        for number in (self.events_per_second, self.latency_seconds, self.headroom):
            if not isfinite(number):
                raise SettingsError(f"{number} is not a number to calculate with")
        if self._json_bytes > LARGEST_MESSAGE_BYTES:
            raise SettingsError(
                f"a submission of {self.events_per_submission:,} events that become records of {self.record_bytes:,} "
                f"bytes is about {self._json_bytes:,} bytes; an SQS message holds {LARGEST_MESSAGE_BYTES:,}: "
                "allowed are fewer events, or smaller ones"
            )

    @property
    def billed(self) -> Sampled:
        """Of the sample; without one, as if every record had this size and the lake's gzip saved nothing."""
        size = self.record_bytes
        return self.sampled or Sampled(
            records=0,
            put_units=begun(size, PUT_UNIT_BYTES),
            on_demand_kb=begun(size, ON_DEMAND_STEP_BYTES),
            firehose_kb=begun(size, FIREHOSE_STEP_BYTES) * FIREHOSE_STEP_BYTES / KIB,
            lake_bytes=size,
        )

    @property
    def submissions_per_second(self) -> float:
        """Each is one SQS message."""
        return self.events_per_second / self.events_per_submission

    @property
    def body_bytes(self) -> int:
        """Of a message: base64, which is what sensors send, as far as it fits."""
        return min(self._json_bytes * 4 // 3 + 4, LARGEST_MESSAGE_BYTES)

    @property
    def submission_bytes(self) -> int:
        """Of a submission in hand: its body and its records, which is what MAX_IN_FLIGHT_BYTES counts."""
        return self.body_bytes + self.events_per_submission * self.record_bytes

    @property
    def _json_bytes(self) -> int:
        event_bytes = max(self.record_bytes - AROUND_EVENT_BYTES, _LEAST_EVENT_BYTES)
        return SUBMISSION_BYTES + self.events_per_submission * event_bytes
