"""What a lake stores in a month, and what Firehose would bill instead. Its cores and memory are not counted here."""

from dataclasses import dataclass
from typing import Final

from event_processor.estimate.billing import KIB
from event_processor.estimate.capacity import Capacity
from event_processor.estimate.load import MIB, Load
from event_processor.estimate.prices import PriceList

FLUSH_SECONDS: Final = 10.0  # LAKE_FLUSH_SECONDS and LAKE_FLUSH_BYTES; a test holds them to the settings
FLUSH_BYTES: Final = 8 * MIB
OBJECTS_A_RANGE: Final = 3  # raw, typed, and its entry in the log (docs/lake.md)
MONTH_SECONDS: Final = 730 * 3600
_GIB: Final = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Stored:
    """In a month of this load: PUTs, GB of raw files, GB as Firehose bills them. Dollars where there is a price."""

    s3_puts: float
    s3_raw_gb: float
    firehose_gb: float
    s3_puts_dollars: float | None
    s3_raw_dollars: float | None
    firehose_dollars: float | None


def stored_by(load: Load, capacity: Capacity, prices: PriceList) -> Stored:
    """A range a shard at each flush, which comes by time or when enough waits; raw files are kept for a month."""
    records = load.events_per_second
    flushes = max(1 / FLUSH_SECONDS, records * load.record_bytes / FLUSH_BYTES)
    puts = min(capacity.shards * flushes, records) * OBJECTS_A_RANGE * MONTH_SECONDS
    raw_gb = records * load.billed.lake_bytes * MONTH_SECONDS / _GIB
    firehose_gb = records * load.billed.firehose_kb * KIB * MONTH_SECONDS / _GIB

    def dollars(name: str, amount: float) -> float | None:
        price = prices.dollars.get(name)
        return None if price is None else amount * price

    return Stored(
        puts,
        raw_gb,
        firehose_gb,
        dollars("s3_put_requests", puts / 1000),
        dollars("s3_gb_month", raw_gb),
        dollars("firehose_gb", firehose_gb),
    )
