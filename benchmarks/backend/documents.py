"""The part of a submission's document after its ids; the C program puts different ids before it in each message."""

import json
from typing import Any

from benchmarks.backend.values import Load

_LARGEST_BODY_BYTES = (
    1024 * 1024
)  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
_ENVELOPE_BYTES = 326  # of a new_process record with an empty cmdl, its sequence a single digit
_PROCESS = {"cmdl": "whoami", "user": "admin"}
_CONNECTION = {"source_ip": "192.168.0.2", "destination_ip": "23.13.252.39", "destination_port": 43696}


def tail(load: Load) -> bytes:
    """The document without its opening brace and ids. ValueError if a body would be larger than SQS takes.

    Events of both types, half and half; of `new_process` alone where they are padded, the other has nothing to pad.
    """
    padded = load.record_bytes > 0
    processes = load.events if padded else (load.events + 1) // 2
    events: dict[str, list[Any]] = {"new_process": [_process(load.record_bytes)] * processes}
    if load.events > processes:
        events["network_connection"] = [_CONNECTION] * (load.events - processes)
    text = json.dumps({"time_created": "2021-03-28T15:44:18.592840", "events": events}, separators=(",", ":"))
    if (108 + len(text)) * 4 / 3 > _LARGEST_BODY_BYTES:
        raise ValueError(f"{load}: a submission would be larger than the {_LARGEST_BODY_BYTES} bytes SQS takes")
    return text[1:].encode()


def _process(record_bytes: int) -> dict[str, str]:
    return _PROCESS | {"cmdl": _PROCESS["cmdl"].ljust(record_bytes - _ENVELOPE_BYTES, "x")}
