"""The steps in which AWS bills payload: each record by itself, begun steps included."""

from typing import Final

KIB: Final = 1024
SQS_REQUEST_BYTES: Final = 64 * KIB  # SQS pricing: each begun 64 KiB of payload is a request
PUT_UNIT_BYTES: Final = 25 * KIB  # Kinesis pricing, provisioned: PUT payload units
ON_DEMAND_STEP_BYTES: Final = KIB  # Kinesis pricing, on-demand
FIREHOSE_STEP_BYTES: Final = 5 * KIB  # Firehose pricing: direct PUT, and a stream as the source


def begun(size: int, step: int) -> int:
    """How many steps a record of this size is billed for: an empty one is one, too."""
    return max(1, -(-size // step))
