"""What the process and the Lambda function that judge metrics have in common."""

from math import inf
from typing import Final

from event_processor.notices.grouping import Windows

JOB: Final = "monitor"
WINDOWS: Final = Windows(
    gather_seconds=2.0,  # metrics of one bucket come from several shards, and are one message
    first_seconds=3600.0,
    growth=4.0,
    longest_seconds=86_400.0,
    quiet_seconds=inf,  # a finding is over when its metric is as expected, and not when nothing is said of it
    most_keys=10_000,
    most_listed=20,
)
