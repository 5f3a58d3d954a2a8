"""The README's table of speed, from what benchmarks/end_to_end recorded."""

import json
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent.parent / "benchmarks" / "end_to_end" / "result.json"
_NAMES = {
    "lean": "**event_processor**",
    "boto3": "event_processor, `AWS_TRANSPORT=boto3`",
    "sqs-consumer": "npm sqs-consumer, AWS SDK for JavaScript",
    "async-kinesis": "PyPI async-kinesis",
    "sequential loop": "a sequential loop, boto3",
}


def as_markdown() -> str:
    """Events per second and CPU time at 5 ms a call, and what is lost or out of order when a tenth is refused."""
    result = json.loads(RESULT.read_text())
    calm, refused = ({row["contender"]: row for row in _at(result, share)} for share in (0.0, 0.1))
    lines = [
        "| 5 ms a call, one core | events/s | CPU µs an event | a tenth refused: lost | out of order |",
        "|---|---|---|---|---|",
        *[_line(name, calm[key], refused[key]) for key, name in _NAMES.items() if key in calm and key in refused],
    ]
    machine = result["machine"]
    on = f"{machine['cores']} shared cores, {machine['cpu']}, Python {machine['python']}"
    return "\n".join([*lines, "", f"Recorded {result['recorded_at'][:10]}, {on}."])


def _at(result: dict[str, Any], refused_share: float) -> list[dict[str, Any]]:
    return [row for row in result["rows"] if row["latency_seconds"] == 0.005 and row["refused_share"] == refused_share]


def _line(name: str, calm: dict[str, Any], refused: dict[str, Any]) -> str:
    speed, cpu = (calm[figure]["median"] for figure in ("events_per_second", "cpu_us_per_event"))
    return f"| {name} | {speed:,.0f} | {cpu:,.0f} | {refused['lost']:,} | {refused['out_of_order']:,} |"
