"""The promise of the door, held against clients that remember what they were told, whatever happens in between."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.eventually import eventually
from tests.ports import reserved_port
from tests.system.gateway import JSON, OTHER_STREAM, STREAM, FleetPlace, Gateway, Place
from tests.system.load_balancer import LoadBalancer
from tests.system.processes import Emulator, shared_emulator

FAULTS = {"refuse": 0.1, "lose_answer": 0.05, "reset": 0.05, "latency_ms": 5}
RETRYABLE = {"429", "503"}


class DefectiveGateway(Gateway):
    """One that cannot understand what Kinesis answers."""

    module = "tests.system.defective_gateway"


@contextmanager
def _fleet_place(folder: Path) -> Iterator[FleetPlace]:
    with Emulator(folder) as aws:
        place = FleetPlace(folder, aws)
        aws.set_faults(**FAULTS)
        yield place


@pytest.mark.prove
def test_what_is_answered_200_survives_kills(tmp_path: Path) -> None:
    """SIGKILL, a tenth refused, answers lost, connections reset: each 200 is there, and nothing that was refused."""
    moments = Random(14)
    with _fleet_place(tmp_path) as place, reserved_port() as port, ExitStack() as stack:
        settings = {"GATEWAY_PORT": str(port), "GATEWAY_DEADLINE": "3"}
        gateway = stack.enter_context(place.gateway(**settings))
        fleet = stack.enter_context(place.fleet(f"http://127.0.0.1:{port}"))
        for _ in range(6):
            gateway.wait_for("records_acknowledged_total", moments.randrange(1, 500))
            gateway.kill()
            gateway = stack.enter_context(place.gateway(**settings))
        gateway.wait_for("records_acknowledged_total", 100)
        answers = fleet.end()
        assert gateway.terminate() == 0
        place.aws.set_faults()
        report = place.audit(fleet)

    assert report["answers"] == answers
    assert min(answers["200"], answers["422"], answers["broken connection"]) > 0
    assert answers.keys() <= {"200", "422", "broken connection", *RETRYABLE}
    assert report["repeats"] > 0


@pytest.mark.prove
def test_a_rolling_restart_behind_a_load_balancer(tmp_path: Path) -> None:
    """Gateways replaced one by one: their clients see nothing of it; one that is killed breaks no promise either."""
    settings = {"GATEWAY_DRAIN": "6", "SHUTDOWN_GRACE": "25"}
    with _fleet_place(tmp_path) as place, ExitStack() as stack, LoadBalancer() as balancer:
        old = [stack.enter_context(place.gateway(**settings)) for _ in range(2)]
        for gateway in old:
            balancer.add(gateway)
        fleet = stack.enter_context(place.fleet(balancer.url))
        new = []
        for gateway in old:
            gateway.wait_for("records_acknowledged_total", 100)
            new.append(stack.enter_context(place.gateway(**settings)))
            balancer.add(new[-1])
            assert gateway.terminate() == 0
            balancer.remove(gateway)
        new[-1].wait_for("records_acknowledged_total", 100)
        assert not balancer.trouble, "clients were told by the load balancer that a gateway is gone"

        new[0].kill()
        new[1].wait_for("records_acknowledged_total", 300)
        answers = fleet.end()
        assert new[1].terminate() == 0
        place.aws.set_faults()
        report = place.audit(fleet)

    assert report["answers"] == answers
    assert min(answers["200"], answers["422"]) > 0
    assert answers.keys() <= {"200", "422", "502", *RETRYABLE}


@pytest.fixture(scope="module")
def outages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Gateway]]:
    """Two streams, and a gateway that gives up after a second."""
    folder = tmp_path_factory.mktemp("outages")
    with shared_emulator(folder) as aws:
        place = Place(folder, aws)
        with place.gateway(GATEWAY_DEADLINE="1") as gateway:
            yield place, gateway


def _batch(name: str) -> bytes:
    """With keys enough for both shards."""
    records = [{"data": {"request_id": name, "n": n}, "partition-key": f"key-{n}"} for n in range(8)]
    return json.dumps({"records": records}).encode()


def _ask(gateway: Gateway, path: str, body: bytes) -> tuple[int, str | None, dict[str, Any]]:
    """The status, Retry-After, and the document."""
    connection = HTTPConnection("127.0.0.1", gateway.door, timeout=60)
    connection.request("POST", path, body, JSON)
    answer = connection.getresponse()
    told = answer.status, answer.getheader("Retry-After"), json.loads(answer.read())
    connection.close()
    return told


def _names_on_stream(place: Place) -> list[str]:
    return [json.loads(data)["request_id"] for _, data in place.on_stream()]


@pytest.mark.parametrize("trouble", [{"fail_call": 1.0}, {"reset": 1.0}, {"refuse": 1.0}, {"latency_ms": 5_000}])
def test_while_kinesis_does_not_take_it_nothing_is_half_done(
    outages: tuple[Place, Gateway], trouble: dict[str, Any]
) -> None:
    """Down, resetting, throttled, slow: 503 with Retry-After for all; only a call under way may store it yet."""
    place, gateway = outages
    name = "-".join(trouble)
    place.aws.set_faults(**trouble)
    try:
        single = _ask(gateway, f"/streams/{STREAM}/record", b'{"Data": {"request_id": "%s"}}' % name.encode())
        several = _ask(gateway, f"/streams/{STREAM}/records", _batch(name))
    finally:
        place.aws.set_faults()

    assert (single[0], single[1], single[2]["status"]) == (503, "2", 503)
    assert several[:2] == (503, "2")
    assert {entry["ErrorCode"] for entry in several[2]["Records"]} == {"ServiceUnavailable"}
    assert several[2]["FailedRecordCount"] == 8
    eventually(lambda: gateway.metric("in_hand_records") == 0)
    eventually(lambda: gateway.send(f"/streams/{STREAM}/record", b'{"Data": {"request_id": "after"}}')[0] == 200)
    assert _names_on_stream(place).count(name) <= (0 if "refuse" in trouble else 9)


def test_one_shard_that_is_down_is_told_record_by_record(outages: tuple[Place, Gateway]) -> None:
    """Of a batch, what one shard has taken says so, and what the other has not is not there."""
    place, gateway = outages
    place.aws.set_faults(refuse_shards={"0": 1.0})
    try:
        status, wait, document = _ask(gateway, f"/streams/{STREAM}/records", _batch("split"))
    finally:
        place.aws.set_faults()
    taken = ["SequenceNumber" in entry for entry in document["Records"]]

    assert (status, wait, document["FailedRecordCount"]) == (503, "2", taken.count(False))
    assert set(taken) == {True, False}
    assert _names_on_stream(place).count("split") == taken.count(True)


def test_a_missing_stream_is_503_until_it_is_there(outages: tuple[Place, Gateway]) -> None:
    """Deleted while we run: 503 with Retry-After, not ready; made again: 200."""
    place, gateway = outages
    place.aws.kinesis.delete_stream(StreamName=OTHER_STREAM)
    path, body = f"/streams/{OTHER_STREAM}/record", b'{"Data": {"request_id": "gone"}}'

    assert _ask(gateway, path, body)[:2] == (503, "2")
    assert gateway.reasons()
    place.run("provision", "--job", "gateway")
    eventually(lambda: _ask(gateway, path, body)[0] == 200)
    assert all(json.loads(data) == {"request_id": "gone"} for _, data in place.on_stream(OTHER_STREAM))


def test_a_bug_leaves_nobody_waiting(outages: tuple[Place, Gateway]) -> None:
    """A gateway that cannot go on answers 503 at once, since nobody knows, and ends with exit code 1."""
    place, _ = outages
    with DefectiveGateway(place.folder, place.aws.endpoint, **place.settings, GATEWAY_DEADLINE="60") as gateway:
        answers = gateway.send_aside(f"/streams/{STREAM}/record", b'{"Data": {"request_id": "bug"}}', times=5)

        assert set(answers.join()) <= {503, 0}
        assert 503 in answers.statuses
        assert gateway.exit_code(20) == 1
        assert gateway.lines(
            "stopped with requests unanswered: their clients cannot know what happened to their records"
        )
