"""What AWS charges, as read on one day: check before you buy. No figure here is used for anything but a comparison.

AWS's own pages are made in the browser and their stored copies hold no figures (but for Fargate's, in an example), so
the figures are those of pages that quote them; each row says which page, and how old that page is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from event_processor.errors import SettingsError

READ_ON: Final = "2026-11-22"
REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one `unit`, where it was read, and when that page was written."""

    what: str
    dollars: float
    unit: str
    source: str
    written: str
    verified: bool  # AWS's own figure: quoted verbatim from its page by github.com/api-evangelist


_CLOUDBURN: Final = ("https://cloudburn.io/blog/amazon-sqs-pricing", "2026-03-14", False)
_TREK10: Final = (
    "https://www.trek10.com/blog/amazon-kinesis-data-streams-on-demand-vs.-provisioned-billing-mode-cost-comparison",
    "2023-09-21",
    False,
)
_AWS: Final = ("https://aws.amazon.com/ecs/pricing/", "2026-09-20", True)
_WRING: Final = ("https://www.wring.co/blog/aws-fargate-pricing-guide", "2026-03-10", False)

SQS_REQUESTS: Final = Price("SQS standard queue, requests", 0.40, "million", *_CLOUDBURN)
SHARD_HOUR: Final = Price("Kinesis provisioned, a shard", 0.015, "hour", *_TREK10)
PUT_UNITS: Final = Price("Kinesis provisioned, PUT payload units of 25 KB", 0.014, "million", *_TREK10)
STREAM_HOUR: Final = Price("Kinesis on-demand, a stream", 0.04, "hour", *_TREK10)
DATA_IN: Final = Price("Kinesis on-demand, data in, each record rounded up to 1 KB", 0.08, "GB", *_TREK10)
VCPU_HOUR: Final = Price("Fargate Linux/x86, a vCPU", 0.04048, "hour", *_AWS)
MEMORY_HOUR: Final = Price("Fargate Linux/x86, a GB of memory", 0.004445, "hour", *_WRING)
GB_SECONDS: Final = Price(
    "Lambda arm64, GB-seconds (read on 2026-11-26)",
    13.3334,
    "million",
    "https://wring.co/blog/aws-lambda-pricing-guide",
    "2026-03-08",
    False,
)
INVOCATIONS: Final = Price(
    "Lambda, invocations (read on 2026-11-26)", 0.20, "million", GB_SECONDS.source, GB_SECONDS.written, False
)
PRICES: Final = (
    SQS_REQUESTS,
    SHARD_HOUR,
    PUT_UNITS,
    STREAM_HOUR,
    DATA_IN,
    VCPU_HOUR,
    MEMORY_HOUR,
    GB_SECONDS,
    INVOCATIONS,
)

MOST_DAYS: Final = 400
NEEDED: Final = {
    "sqs_requests": SQS_REQUESTS,
    "shard_hour": SHARD_HOUR,
    "put_units": PUT_UNITS,
    "stream_hour": STREAM_HOUR,
    "data_in_gb": DATA_IN,
    "vcpu_hour": VCPU_HOUR,
    "memory_gb_hour": MEMORY_HOUR,
}
"""By their names in a file of one's own."""
OPTIONAL: Final = ("s3_put_requests", "s3_gb_month", "firehose_gb")
"""Dollars per 1,000 requests, a GB and month, and a GB. No page that says them and when was found, so none is here."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """US dollars by name, for a region, as read on a day."""

    region: str
    read_on: date
    source: str
    dollars: Mapping[str, float]
    is_own: bool = False

    def hold(self, today: date) -> None:
        """Raises SettingsError if they are too old to calculate with."""
        if (age := (today - self.read_on).days) > MOST_DAYS:
            raise SettingsError(
                f"the prices were read on {self.read_on}, {age:,} days ago; allowed: up to {MOST_DAYS} days, "
                "your own by --prices, or these all the same with --stale-ok"
            )


SHIPPED: Final = PriceList(
    REGION,
    date.fromisoformat(READ_ON),
    "docs/sizing.md, Prices",
    {name: price.dollars for name, price in NEEDED.items()},
)
