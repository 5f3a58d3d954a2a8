"""The sender of tracking events: every record acknowledged, whatever Kinesis answers, and its place noted."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from sensor_fleet.tracking.generator import TrackingGenerator, TrackingOptions
from sensor_fleet.tracking.manifest import Put, TrackingManifest, read_tracking_manifest
from sensor_fleet.tracking.plan import TrackingPlan, TrackingRecord
from sensor_fleet.tracking.sender import TrackingSender, TrackingTally, batches

Answer: TypeAlias = dict[str, Any]
OPTIONS = TrackingOptions(seed=5, invalid_share=0.5)
_GENERATOR = TrackingGenerator(OPTIONS)
RECORDS = [_GENERATOR.record(index) for index in range(20)]


class ScriptedStream:
    """Answers each call as the script says, then accepts everything. Keeps the data of each call, and what it took."""

    def __init__(self, *script: Callable[[int], Answer]) -> None:
        self._script = list(script)
        self.calls: list[list[bytes]] = []
        self.taken: list[bytes] = []

    def put_records(self, *, StreamName: str, Records: list[dict[str, Any]]) -> Answer:  # noqa: N803 - as boto3 has it
        """One call, with its records noted."""
        assert StreamName == "segment"
        self.calls.append([record["Data"] for record in Records])
        results = (self._script.pop(0) if self._script else _accept)(len(Records))["Records"]
        for record, result in zip(Records, results, strict=True):
            if "SequenceNumber" in result:
                result["SequenceNumber"] = str(len(self.taken))
                self.taken.append(record["Data"])
        return {"Records": results}


def _result(is_taken: bool) -> Answer:
    taken = {"ShardId": "shard-0", "SequenceNumber": ""}
    return taken if is_taken else {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"}


def _accept(number: int) -> Answer:
    return {"Records": [_result(True) for _ in range(number)]}


def _refuse_every_second(number: int) -> Answer:
    return {"Records": [_result(bool(index % 2)) for index in range(number)]}


def _unreachable(_number: int) -> Answer:
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def _error(status: int, code: str) -> Callable[[int], Answer]:
    def answer(_number: int) -> Answer:
        response: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(response, "PutRecords")

    return answer


def _send(stream: ScriptedStream, path: Path, stop: threading.Event | None = None) -> TrackingTally:
    client: Any = stream
    with TrackingManifest(path, OPTIONS) as manifest:
        sender = TrackingSender(client, "segment", manifest, stop or threading.Event())
        sender.send(RECORDS)
    return sender.tally


@pytest.mark.parametrize(
    ("trouble", "refused", "failed"),
    [
        (_refuse_every_second, 10, 0),
        (_unreachable, 0, 1),
        (_error(500, "InternalFailure"), 0, 1),
        (_error(400, "ProvisionedThroughputExceededException"), 0, 1),
    ],
)
def test_what_was_refused_is_sent_again(
    tmp_path: Path, trouble: Callable[[int], Answer], refused: int, failed: int
) -> None:
    """Records refused, or in a call without an answer, go again, only they; the manifest says where each one is."""
    stream = ScriptedStream(trouble)
    tally = _send(stream, tmp_path / "manifest")
    entries = list(read_tracking_manifest(tmp_path / "manifest"))
    puts = [put for entry in entries if isinstance(entry, list) for put in entry]
    data = {record.plan.message_id: record.data for record in RECORDS}

    assert sorted(stream.taken) == sorted(data.values())
    assert len(stream.calls[1]) == 10 if refused else 20
    assert (tally.sent, tally.records_refused, tally.calls_failed) == (20, refused, failed)
    assert tally.to_reject == sum(bool(record.plan.faults) for record in RECORDS)
    assert {put.message_id: stream.taken[int(put.sequence)] for put in puts} == data
    assert {type(put) for put in puts} == {Put}


@pytest.mark.parametrize("trouble", [_error(403, "AccessDenied"), _error(400, "ResourceNotFoundException")])
def test_what_cannot_succeed_ends_the_fleet(tmp_path: Path, trouble: Callable[[int], Answer]) -> None:
    """No rights and no stream are reported instead of tried for ever."""
    with pytest.raises(ClientError):
        _send(ScriptedStream(trouble), tmp_path / "manifest")


def test_a_stopped_fleet_gives_up_on_a_dead_stream(tmp_path: Path) -> None:
    """Told to stop while nothing gets through, a few last attempts are made, and the summary says what is open."""
    stop = threading.Event()
    stop.set()
    stream = ScriptedStream(*[_unreachable] * 100)
    tally = _send(stream, tmp_path / "manifest", stop)

    assert len(stream.calls) == 5
    assert tally.as_json()["unconfirmed"] == 20
    assert "20 events without an answer" in tally.as_line()


@given(st.lists(st.integers(0, 2 * 1024 * 1024), max_size=1200))
def test_batches_are_what_kinesis_accepts(sizes: list[int]) -> None:
    """A call never has more than 500 records or 5 MiB with its keys, and nothing is lost or reordered."""
    plan = TrackingPlan("", "", "", "", ())
    data = bytes(2 * 1024 * 1024)
    views: list[Any] = [memoryview(data)[:size] for size in sizes]
    records = [TrackingRecord(plan, "schlüssel", view) for view in views]
    made = list(batches(records))

    assert [record for batch in made for record in batch] == records
    assert all(1 <= len(batch) <= 500 for batch in made)
    assert all(sum(len(record.data) + 10 for record in batch) <= 5 * 1024 * 1024 for batch in made)
