"""The tables of docs/sizing.md: examples as the calculator sizes them, what was measured, and the prices."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from event_processor.commands.estimate import measured
from event_processor.estimate.capacity import MESSAGES_A_CALL, capacity_for
from event_processor.estimate.estimate import Estimate
from event_processor.estimate.load import Load
from event_processor.estimate.prices import PRICES, READ_ON, REGION

_BENCHMARKS: Final = Path(__file__).parent.parent / "benchmarks"
_INSPECTOR: Final = _BENCHMARKS / "inspector" / "result.json"
_LAKE: Final = _BENCHMARKS / "lake" / "result.json"
_GATEWAY: Final = _BENCHMARKS / "gateway" / "result.json"
_OURS: Final = "event-processor gateway"
EXAMPLES: Final = {
    "small": Load(200),
    "medium": Load(5_000),
    "large": Load(50_000),
    "large, boto3": Load(50_000, transport="boto3"),
    "very large": Load(2_000_000),
}


def as_markdown() -> dict[str, str]:
    """Each table by the name of its markers."""
    return {
        "sizing": _sizing(),
        "sizing-notes": _notes(),
        "worked": _worked(),
        "capacity": _capacity(),
        "sizing-inspector": _inspector(),
        "sizing-gateway": _gateway(),
        "sizing-lake": _lake(),
        "prices": _prices(),
    }


def _sizing() -> str:
    estimates = [Estimate.of(load, measured()) for load in EXAMPLES.values()]
    loads = [f"{load.events_per_second:,.0f} events/s" for load in EXAMPLES.values()]
    columns = [[*estimated.to_provision(), *estimated.to_expect(), *estimated.to_pay()] for estimated in estimates]
    rows = [[lines[0].what, *(line.value for line in lines)] for lines in zip(*columns, strict=True)]
    return table(["", *EXAMPLES], [["", *loads], *rows])


def _notes() -> str:
    """What the calculator remarks on the last example, the one that meets the limits."""
    name, load = list(EXAMPLES.items())[-1]
    return "\n".join(f"- {note}" for note in Estimate.of(load, measured()).notes) or f"- Nothing to note of {name}."


def _worked() -> str:
    """The way to the figures of one example, with its numbers in."""
    load = EXAMPLES["large"]
    capacity = capacity_for(load, measured())
    free, rate = 1 - load.headroom, f"{load.events_per_second:,.0f}"
    call, cpu = f"{load.latency_seconds * 1000:g} ms", f"{capacity.cpu_us_per_event:.1f} µs"
    each = capacity.events_per_second_a_replica
    messages = load.submissions_per_second
    receives = messages / capacity.replicas / MESSAGES_A_CALL
    events_a_call = MESSAGES_A_CALL * load.events_per_submission
    rows = [
        ["shards, by records", f"{rate} / (1,000 * {free:g})", f"{capacity.shards_for_records:.1f}"],
        ["shards, by bytes", f"{rate} * {load.record_bytes} / (1 MiB * {free:g})", f"{capacity.shards_for_bytes:.1f}"],
        ["shards", "the larger, rounded up", f"**{capacity.shards}**"],
        [
            "a replica",
            f"{capacity.bounds[capacity.bound_by]:,.0f} * {free:g}, bound by {capacity.bound_by}",
            f"{each:,.0f} events/s",
        ],
        ["replicas", f"{rate} / {each:,.0f}, rounded up", f"**{capacity.replicas}**"],
        [
            "time in hand",
            f"{load.events_per_submission} * ({call} + 500 * {cpu}) + {call}",
            f"{capacity.seconds_in_hand * 1000:,.0f} ms",
        ],
        ["messages in flight", f"{messages:,.0f} /s * {capacity.seconds_in_hand:.4g} s", f"{capacity.in_flight:,.0f}"],
        [
            "MAX_IN_FLIGHT",
            f"2 * {capacity.in_flight / capacity.replicas:,.0f}, at least 2,000",
            f"**{capacity.max_in_flight:,}**",
        ],
        ["RECEIVERS", f"2 * {receives:,.0f} /s * ({call} + {events_a_call} * {cpu})", f"**{capacity.receivers}**"],
    ]
    return table(["", "", ""], rows)


def _capacity() -> str:
    rows = [
        [
            at.transport,
            f"{at.latency_seconds * 1000:g} ms",
            f"{at.events_per_second:,.0f}",
            f"{at.cpu_us_per_event:,.1f}",
        ]
        for at in measured().latencies
    ]
    return "\n\n".join([table(["transport", "round trip", "events/s on one core", "CPU µs/event"], rows), _origin()])


def _origin() -> str:
    if measured().provisional:
        return "Provisional: not from a recorded run of the benchmarks."
    return "From " + "; ".join(
        f"`{source.file}`, recorded {source.recorded_at[:10]} on {source.cores} cores ({source.cpu}), "
        f"Python {source.python}"
        for source in measured().sources
    )


def _inspector() -> str:
    """What one process of `inspect` takes, with as much of its core kept free as in the examples."""
    result = json.loads(_INSPECTOR.read_text())
    share = 1 - Load(1).headroom
    rows = [
        [
            row["what"],
            f"{row['cpu_us_per_record']['median']:.1f} µs",
            f"{row['records_per_cpu_second']['median'] * share:,.0f}",
            f"{row['peak_mib']['median']:.0f} MiB",
        ]
        for row in result["rows"]
        if not row["what"].startswith("part: ")
    ]
    head = ["page events of 1.6 KB", "CPU a record", f"records/s of one core, {1 - share:.0%} kept free", "memory"]
    return "\n\n".join([table(head, rows), _recorded(_INSPECTOR)])


def _lake() -> str:
    """What one process of `deliver` takes, likewise."""
    result, share = json.loads(_LAKE.read_text()), 1 - Load(1).headroom
    rows = [
        [
            row["what"],
            f"{row['cpu_us_per_record']['median']:.0f} µs",
            f"{row['records_per_cpu_second']['median'] * share:,.0f}",
            f"{row['peak_mb']['median']:.0f} MB",
        ]
        for row in result["rows"]
        if "peak_mb" in row
    ]
    head = ["page events of 1,024 bytes", "CPU a record", f"records/s of one core, {1 - share:.0%} kept free", "memory"]
    return "\n\n".join([table(head, rows), _recorded(_LAKE)])


def _gateway() -> str:
    """What one process of `gateway` takes, likewise."""
    share = 1 - Load(1).headroom
    rows = [
        [
            row["load"],
            f"{row['cpu_us_per_record']['median']:.1f} µs",
            f"{1e6 / row['cpu_us_per_record']['median'] * share:,.0f}",
            f"{row['median_ms']['median']:.1f} ms",
            f"{row['p99_ms']['median']:.1f} ms",
            f"{row['peak_mib']['median']:.0f} MiB",
        ]
        for row in json.loads(_GATEWAY.read_text())["rows"]
        if row["door"] == _OURS and "linger" not in row["load"]
    ]
    head = ["page events of 1.6 KB", "CPU a record", f"records/s of one core, {1 - share:.0%} kept free"]
    return "\n\n".join([table([*head, "median", "p99", "memory"], rows), _recorded(_GATEWAY)])


def _recorded(path: Path) -> str:
    result = json.loads(path.read_text())
    on = result["machine"]
    return (
        f"From `{path.relative_to(_BENCHMARKS.parent)}`, recorded {result['recorded_at'][:10]} on "
        f"{on['cores']} cores ({on['cpu']}), Python {on['python']}"
    )


def _prices() -> str:
    rows = [
        [
            price.what,
            f"${price.dollars:g} per {price.unit}",
            f"[{urlsplit(price.source).netloc}]({price.source})",
            price.written,
            _trust(price.verified),
        ]
        for price in PRICES
    ]
    head = ["what", f"{REGION}, read on {READ_ON}", "page", "page is of", ""]
    return table(head, rows)


def _trust(verified: bool) -> str:
    return "AWS's own figure" if verified else "not verified: from a page that is not AWS's"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
