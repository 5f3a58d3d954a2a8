"""The stages of both transports and of the floor, measured by this very interpreter.

`python -m benchmarks.stages.columns ROUNDS` prints them as JSON, for whoever runs it by another one.
"""

import json
import os
import sys
from contextlib import ExitStack, redirect_stderr
from tempfile import TemporaryFile
from typing import Final

from benchmarks.backend import Backend, Load
from benchmarks.run import CLIENT_CORE, CREDENTIALS, TRANSPORTS, on_core
from benchmarks.stages.calls import Calls
from benchmarks.stages.core import Sample, core_stages
from benchmarks.stages.floor import Floor, Wire
from benchmarks.stages.stage import Stage, interleaved
from benchmarks.stages.transports import adapters, queue_url
from event_processor.telemetry import logs

EVENTS: Final = 5  # a submission

Columns = dict[str, dict[str, Stage]]


def measure(rounds: int) -> Columns:
    """By column (a transport, or the floor) and name. What makes no call is the same for both transports."""
    os.environ |= CREDENTIALS
    with ExitStack() as running:
        running.enter_context(on_core(CLIENT_CORE))
        log = running.enter_context(TemporaryFile("w"))
        running.enter_context(redirect_stderr(log))
        logs.configure("INFO", "json")
        backend = running.enter_context(Backend(Load(2000 + 1500 * (rounds + 1), EVENTS)))
        columns = _columns(backend, running)
        every = [stage for column in columns.values() for stage in column]
        interleaved(every, rounds)
    core = {stage.name: stage for stage in columns.pop("core")}
    named = {name: {stage.name: stage for stage in column} for name, column in columns.items()}
    return {name: column if name == "floor" else column | core for name, column in named.items()}


def as_json(columns: Columns) -> str:
    """All that was measured."""
    return json.dumps(
        {
            column: [[stage.name, stage.unit, stage.units, stage.events, stage.rounds_us] for stage in stages.values()]
            for column, stages in columns.items()
        }
    )


def from_json(text: str) -> Columns:
    """What `as_json` wrote; the stages can be read, not run again."""
    return {
        column: {
            name: Stage(name, unit, units, events, _nothing, rounds_us=us) for name, unit, units, events, us in stages
        }
        for column, stages in json.loads(text).items()
    }


def _nothing() -> None:
    pass


def _columns(backend: Backend, running: ExitStack) -> dict[str, list[Stage]]:
    each = {transport: adapters(transport, backend) for transport in TRANSPORTS}
    source = each["boto3"][0]
    sample = Sample.of([delivery for _ in range(200) for delivery in source.receive()])
    heads = [records[0] for records in sample.records][:500]
    wire = Wire(backend.endpoint)
    running.callback(wire.close)
    return {
        **{transport: Calls(*pair, heads).stages(EVENTS) for transport, pair in each.items()},
        "floor": Floor(wire, queue_url(backend), sample, heads).stages(),
        "core": core_stages(sample),
    }


if __name__ == "__main__":
    print(as_json(measure(int(sys.argv[1]))))
