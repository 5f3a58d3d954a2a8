"""Records through a door of the test's own: what is sent, and how each answer is remembered."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import orjson
import pytest

from sensor_fleet.door.client import DoorClient
from sensor_fleet.door.run import DoorSettings, run_door
from sensor_fleet.door.sender import DoorTally
from sensor_fleet.errors import FleetError, SettingsError
from sensor_fleet.tracking.generator import TrackingOptions
from sensor_fleet.tracking.manifest import BROKEN, Answered, Put, read_tracking_manifest
from sensor_fleet.tracking.plan import TrackingPlan, digest

Reply: TypeAlias = tuple[int, bytes] | None  # None breaks the connection


class Asked(NamedTuple):
    """A request that came."""

    method: str
    path: str
    key: str | None
    body: bytes


class ScriptedDoor(ThreadingHTTPServer):
    """Answers as `reply` says; notes what it was asked."""

    daemon_threads = True

    def __init__(self, reply: Callable[[Asked], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply, self.asked = reply, list[Asked]()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is, with a path in front of its own, as API Gateway's stages have."""
        return f"http://127.0.0.1:{self.server_address[1]}/stage/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedDoor

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        asked = Asked(self.command, self.path, self.headers.get("x-api-key"), body)
        reply: Reply = (404, b"{}")
        if asked.path != "/stage/":
            self.server.asked.append(asked)
            reply = self.server.reply(asked)
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply[0])
        self.send_header("content-length", str(len(reply[1])))
        self.end_headers()
        self.wfile.write(reply[1])

    do_GET = do_PUT = do_POST = _answer  # noqa: N815 - as http.server has it


@pytest.fixture
def door() -> Iterator[Callable[[Callable[[Asked], Reply]], ScriptedDoor]]:
    """Doors that are closed after the test."""
    doors: list[ScriptedDoor] = []

    def start(reply: Callable[[Asked], Reply]) -> ScriptedDoor:
        doors.append(ScriptedDoor(reply))
        return doors[-1]

    yield start
    for each in doors:
        each.shutdown()
        each.server_close()


Doors: TypeAlias = Callable[[Callable[[Asked], Reply]], ScriptedDoor]


def _run(url: str, path: Path, batch: tuple[int, int] = (1, 1), **other: Any) -> DoorTally:
    settings: dict[str, Any] = {
        "key": None,
        "wait_seconds": 0,
        "streams": ("user-events", "user-utm"),
        "options": TrackingOptions(seed=1),
        "connections": 2,
        "records": 40,
        "rate": 0,
        "pacing": "constant",
        "manifest": path,
        **other,
    }
    return run_door(DoorSettings(url=url, batch=batch, **settings), threading.Event())


def _taken(asked: Asked) -> Reply:
    """All of it, as the door answers, its number that of the bytes."""
    document = json.loads(asked.body)
    if "Data" in document:
        return 200, orjson.dumps({"SequenceNumber": digest(_data(asked.body)[0]), "ShardId": "s"})
    results = [{"SequenceNumber": digest(data), "ShardId": "s"} for data in _data(asked.body)]
    return 200, orjson.dumps({"FailedRecordCount": 0, "Records": results})


def _data(body: bytes) -> list[bytes]:
    """The bytes of the records in a request, which stand between what is known."""
    text = body.decode()
    pattern = r'"[Dd]ata": (.*?), "(?:PartitionKey|partition-key)": "[^"]*"}'
    found = [found.encode() for found in re.findall(pattern, text, re.DOTALL)]
    assert all(json.loads(data) for data in found)
    return found


@pytest.mark.parametrize("batch", [(1, 1), (5, 5), (1, 9)])
def test_everything_is_sent_once_and_remembered(door: Doors, tmp_path: Path, batch: tuple[int, int]) -> None:
    """Singly by PUT, several by POST, with the key; each record is planned before, and its place noted after."""
    there = door(_taken)
    tally = _run(there.url, tmp_path / "sent", batch, key="secret")
    entries = list(read_tracking_manifest(tmp_path / "sent"))
    plans = {entry.message_id: entry for entry in entries if isinstance(entry, TrackingPlan)}
    puts = [put for entry in entries if isinstance(entry, list) for put in entry]
    sent = [data for asked in there.asked for data in _data(asked.body)]

    assert len(plans) == len(puts) == len(sent) == tally.answered == 40
    assert sorted(map(digest, sent)) == sorted(plan.digest for plan in plans.values())
    assert all(plans[put.message_id].digest == put.sequence for put in puts)
    assert any(data != orjson.dumps(orjson.loads(data)) for data in sent), "all as a library would write it"
    assert {asked.key for asked in there.asked} == {"secret"}
    assert "secret" not in (tmp_path / "sent").read_text()
    assert {(asked.method, "Data" in json.loads(asked.body)) for asked in there.asked} <= {
        ("PUT", True),
        ("POST", False),
    }
    streams = {asked.path.split("/")[3] for asked in there.asked}
    assert streams == {plan.stream for plan in plans.values()} == {"user-events", "user-utm"}
    assert {plan.client for plan in plans.values()} <= {1, 2}


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ((422, b'{"faults": []}'), 422),
        ((503, b'{"status": 503}'), 503),
        ((502, b"<html>Bad Gateway</html>"), 502),
        ((429, b""), 429),
        ((200, b"[]"), 200),
        (None, BROKEN),
    ],
)
def test_what_is_not_taken_is_remembered_by_its_status(door: Doors, tmp_path: Path, reply: Reply, status: int) -> None:
    """Whatever answers, and if nothing does; nothing is sent a second time."""
    there = door(lambda _: reply)
    tally = _run(there.url, tmp_path / "sent", records=4, batch=(2, 2), connections=1)
    answered = [entry for entry in read_tracking_manifest(tmp_path / "sent") if isinstance(entry, Answered)]

    assert [each.status for each in answered] == [status, status]
    assert sum(len(each.message_ids) for each in answered) == tally.answered == 4
    assert len(there.asked) == 2


def test_a_batch_has_an_answer_for_each_record(door: Doors, tmp_path: Path) -> None:
    """Taken, refused by contract, too large, not acknowledged: each is what its own result says."""
    results = [
        {"SequenceNumber": "7", "ShardId": "s"},
        {"ErrorCode": "not_in_enum", "stage": "contract"},
        {"ErrorCode": "too_large", "stage": "size"},
        {"ErrorCode": "ServiceUnavailable"},
    ]
    there = door(lambda _: (503, orjson.dumps({"FailedRecordCount": 3, "Records": results})))
    _run(there.url, tmp_path / "sent", records=4, batch=(4, 4), connections=1)
    *plans, puts, refused, large, unfinished = read_tracking_manifest(tmp_path / "sent")
    ids = [plan.message_id for plan in plans if isinstance(plan, TrackingPlan)]

    assert puts == [Put(ids[0], "s", "7")]
    assert [refused, large, unfinished] == [Answered(422, ids[1:2]), Answered(413, ids[2:3]), Answered(503, ids[3:])]


def test_nobody_there_is_told(tmp_path: Path) -> None:
    """A door that does not come up in time is named, and nothing is written as sent."""
    with pytest.raises(FleetError, match=r"nobody answers at http://127\.0\.0\.1:1"):
        _run("http://127.0.0.1:1", tmp_path / "sent")

    assert not (tmp_path / "sent").exists()


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://localhost", "http://", "http://[::1"])
def test_what_is_no_url_is_told(url: str) -> None:
    """In one line, as other settings."""
    with pytest.raises(SettingsError, match="not an http or https URL"):
        DoorClient(url, None)


def test_the_summary_tells_how_records_were_answered(door: Doors, tmp_path: Path) -> None:
    """For people in a line, most frequent first, and for machines."""
    there = door(_taken)
    tally = _run(there.url, tmp_path / "sent", records=3)

    assert tally.as_line() == "sent 3 records: 3 200"
    assert tally.as_json() == {"sent": 3, "answers": {"200": 3}}
