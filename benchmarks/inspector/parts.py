"""Where the CPU time of a record goes: its parts repeated in this thread, by the clock of the thread."""

import os
from typing import Any, Final

import orjson

from benchmarks.backend import Backend, Conditions, Load
from benchmarks.inspector.inspecting import PAGE, Case, supply
from benchmarks.run import CREDENTIALS
from benchmarks.stages.stage import Stage, interleaved
from event_processor.aws.clients import Clients, Location
from event_processor.aws.kinesis_reader import KinesisReader
from event_processor.clock import SystemClock
from event_processor.consuming.records import Page
from event_processor.contracts.contract import Contract
from event_processor.contracts.judge import Judge
from event_processor.inspection.verdicts import Bench
from event_processor.testing import RecordingObserver
from tests.unit.contracts.judging import SEGMENT, contract_set

_RECORDS: Final = 2000
"""Of a read, as many as the reader asks for."""
_SHARD: Final = "shardId-000000000000"


def parts(rounds: int) -> dict[str, Stage]:
    """By name; `call` is the call with its answer as bytes, `parse` its JSON, `take apart` base64 and records."""
    os.environ.update(CREDENTIALS)
    with Backend(Load(1), Conditions(shards=1), supply=supply(Case("parts"))) as backend:
        found = _parts(backend)
        interleaved(list(found.values()), rounds)
    return found


def _parts(backend: Backend) -> dict[str, Stage]:
    client = Clients(Location(backend.endpoint, "us-east-1")).reading(1)
    reader = KinesisReader(client, backend.stream_name, RecordingObserver())
    iterator = reader.iterator(_SHARD, None, None)
    answer = orjson.dumps(client.get_records(ShardIterator=iterator, Limit=_RECORDS))
    bench, contracts = Bench(Judge(SEGMENT), RecordingObserver()), contract_set(Contract.compile(PAGE))
    pages: list[Page] = [reader.read(iterator, _RECORDS)]
    now = SystemClock().now()

    def judge() -> None:
        assert not bench.judge(pages[0].records, contracts, now).refusals

    works: dict[str, Any] = {
        "call and JSON": lambda: client.get_records(ShardIterator=iterator, Limit=_RECORDS),
        "JSON alone": lambda: orjson.loads(answer),
        "call, JSON, base64, records": lambda: reader.read(iterator, _RECORDS),
        "judge": judge,
    }
    return {name: Stage(name, "record", _RECORDS, _RECORDS, work) for name, work in works.items()}
