"""event-processor estimate capacity, as somebody types it."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from event_processor.clock import SystemClock
from event_processor.commands.main import main
from event_processor.estimate import lake
from event_processor.settings.lake import DeliverySettings

PRICES = {
    "sqs_requests": 0.5, "shard_hour": 0.02, "put_units": 0.02, "stream_hour": 0.05, "data_in_gb": 0.1,
    "vcpu_hour": 0.05, "memory_gb_hour": 0.005, "s3_put_requests": 0.006, "s3_gb_month": 0.025, "firehose_gb": 0.03,
}  # fmt: skip


def prices_file(folder: Path, read_on: date, **prices: Any) -> str:
    """The name of a file of these prices, read on that day."""
    path = folder / "prices.yaml"
    path.write_text(
        json.dumps({"region": "eu-central-1", "read_on": str(read_on), "source": "our contract", "prices": prices})
    )
    return str(path)


def capacity(*arguments: str) -> Result:
    """The result of this command line, however old the prices of the package have become."""
    return CliRunner().invoke(main, ["estimate", "capacity", "--stale-ok", *arguments])


def capacity_json(*arguments: str) -> Any:
    """The same, as a program reads it."""
    result = capacity(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_table() -> None:
    """A person gets what to provision, what to expect, what it costs, and the date of the prices."""
    result = capacity("--events-per-second", "50000")

    assert result.exit_code == 0
    for word in ("shards", "replicas", "RECEIVERS", "MAX_IN_FLIGHT_BYTES", "memory", "heartbeat", "SQS requests"):
        assert f"{word} " in result.stdout
    assert "as read on 20" in result.stdout
    assert "check before you buy" in result.stdout


def test_json() -> None:
    """A program gets the same, unrounded, with the load it is for and where prices and figures are from."""
    found = capacity_json("--events-per-second", "50000", "--record-bytes", "400", "--latency-ms", "5")

    assert found["load"]["latency_seconds"] == 0.005
    assert found["plan"]["shards"] == 72
    assert found["cost_per_million_events"]["provisioned"] > 0
    assert found["prices"]["region"] == "us-east-1"
    assert all(price["source"] for price in found["prices"]["prices"])
    assert found["measured"].keys() == {"provisional", "sources"}


def test_lean_needs_less() -> None:
    """The leaner transport carries the same load on fewer cores."""
    lean, boto3 = (
        capacity_json("--events-per-second", "100000", "--transport", name)["plan"] for name in ("lean", "boto3")
    )

    assert lean["replicas"] < boto3["replicas"]
    assert lean["shards"] == boto3["shards"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Missing option '--events-per-second'"),
        (["--events-per-second", "0"], "0.0 is not in the range 0<x"),
        (["--events-per-second", "nan"], "nan is not a number to calculate with"),
        (["--events-per-second", "many"], "'many' is not a valid float"),
        (["--events-per-second", "5", "--record-bytes", "10"], "10 is not in the range 336<=x"),
        (["--events-per-second", "5", "--transport", "pigeon"], "'pigeon' is not one of 'lean', 'boto3'"),
        (["--events-per-second", "5", "--headroom", "1"], "1.0 is not in the range 0<=x<=0.9"),
        (["--events-per-second", "5", "--record-bytes", "10485760"], "an SQS message holds 1,048,576"),
    ],
)
def test_bad_input(arguments: list[str], complaint: str) -> None:
    """What cannot be is exit code 2, and one line that says what is allowed."""
    result = capacity(*arguments)

    assert result.exit_code == 2
    assert complaint in result.stderr
    assert result.stdout == ""


def test_help() -> None:
    """The help says what each option means, and what it is when not given."""
    result = capacity("--help")

    text = " ".join(result.stdout.split())  # wherever its lines are broken
    assert result.exit_code == 0
    assert "partition key" in text
    assert text.count("[default: ") == 5


def test_a_month_by_hand(tmp_path: Path) -> None:
    """Ten records a second of 102 bytes, at somebody's own prices: each line as calculated by hand.

    730 hours are 2,628,000 s: 26,280,000 records. On-demand bills each as 1 KB: 25.06 GB; Firehose as 5 KB: 125.31 GB.
    One shard, a range every ten seconds, three objects each: 788,400 PUTs.
    """
    sample = tmp_path / "sample.ndjson"
    sample.write_text(json.dumps({"a": "x" * 94}, separators=(",", ":")) + "\n")
    own = prices_file(tmp_path, date(2020, 1, 1), **PRICES)
    found = capacity_json(
        "--events-per-second", "10", "--size-from", str(sample), "--prices", own, "--events-per-submission", "1"
    )
    month, paid = found["month"], found["cost_per_million_events"]

    assert found["load"]["record_bytes"] == 102
    assert (found["prices"]["region"], found["prices"]["source"]) == ("eu-central-1", "our contract")
    assert month["s3_puts"] == pytest.approx(788_400)
    assert month["s3_puts_dollars"] == pytest.approx(4.7304)
    assert month["firehose_gb"] == pytest.approx(125.3128, rel=1e-5)
    assert month["firehose_dollars"] == pytest.approx(3.759384, rel=1e-5)
    assert month["s3_raw_gb"] == pytest.approx(26.28e6 * found["load"]["sampled"]["lake_bytes"] / 2**30)
    hours = 1e6 / 10 / 3600
    assert paid["kinesis_on_demand"] == pytest.approx(hours * 0.05 + 1024e6 / 2**30 * 0.1)
    assert paid["kinesis_put_units"] == pytest.approx(0.02)
    assert paid["kinesis_shard_hours"] == pytest.approx(hours * 0.02)


def test_a_mixed_sample_is_not_billed_by_its_mean(tmp_path: Path) -> None:
    """Nine records of 100 bytes and one of 26,000 have a mean of 2.7 KB, and are billed as 3.5 KB each on-demand."""
    sample = tmp_path / "sample.ndjson"
    sample.write_text("".join(json.dumps("x" * (size - 2)) + "\n" for size in [100] * 9 + [26_000]))
    found = capacity_json("--events-per-second", "10", "--size-from", str(sample))["load"]

    assert found["record_bytes"] == 2_690
    assert found["sampled"]["on_demand_kb"] == pytest.approx((9 * 1 + 26) / 10)
    assert found["sampled"]["put_units"] == pytest.approx((9 * 1 + 2) / 10)
    assert found["sampled"]["firehose_kb"] == pytest.approx((9 * 5 + 30) / 10)


def test_old_prices_are_refused(tmp_path: Path) -> None:
    """Prices are good for 400 days; after that somebody must say that old ones will do."""
    today = SystemClock().now().date()
    arguments = ["estimate", "capacity", "--events-per-second", "10", "--prices"]
    fresh = prices_file(tmp_path, today - timedelta(days=399), **PRICES)
    assert CliRunner().invoke(main, [*arguments, fresh]).exit_code == 0
    old = prices_file(tmp_path, today - timedelta(days=402), **PRICES)
    refused = CliRunner().invoke(main, [*arguments, old])

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "allowed: up to 400 days" in refused.stderr
    told = capacity("--events-per-second", "10", "--prices", old)
    assert f"Prices of eu-central-1 as read on {today - timedelta(days=402)}, from our contract." in told.stdout


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"prices": {}}, "prices: missing: sqs_requests"),
        ({"prices": {**PRICES, "s3": 1}}, "prices: s3: allowed: "),
        ({"prices": {**PRICES, "put_units": -1}}, "prices.put_units: "),
        ({"read_on": "3020-01-01"}, "read_on: was 3020-01-01; allowed: up to today"),
        ({"read_on": None}, "read_on: "),
        ({"source": ""}, "source: "),
    ],
)
def test_prices_need_a_source_and_a_day(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    """What is wrong in a file of prices is said by its name, and nothing is calculated with it."""
    path = tmp_path / "prices.yaml"
    path.write_text(
        json.dumps({"region": "here", "read_on": "2026-01-02", "source": "a page", "prices": PRICES} | change)
    )
    result = capacity("--events-per-second", "10", "--prices", str(path))

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert complaint in result.stderr


def test_lines_without_a_price_say_so() -> None:
    """No figure is made up: amounts of S3 and Firehose are shown, and that a price for them must be given."""
    result = capacity("--events-per-second", "10")

    for job in ("inspector", "gateway", "delivery"):
        assert f"{job}: cores" in result.stdout
    assert "lake: S3 PUTs" in result.stdout
    assert result.stdout.count("no price: --prices") == 3
    assert "before gzip: no sample" in result.stdout


def test_the_lake_is_taken_with_its_defaults() -> None:
    """What is calculated is what `deliver` does when nobody sets anything."""
    fields = DeliverySettings.model_fields

    assert fields["lake_flush_seconds"].default == lake.FLUSH_SECONDS
    assert fields["lake_flush_bytes"].default == lake.FLUSH_BYTES
