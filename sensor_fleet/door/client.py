"""One client of a door: a connection, on which each request waits for the answer to the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import orjson
import urllib3
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Timeout, parse_url

from sensor_fleet.errors import SettingsError
from sensor_fleet.tracking.manifest import BROKEN, Put
from sensor_fleet.tracking.plan import TrackingRecord

MOST_RECORDS: Final = 500  # of a request, as in PutRecords
_TIMEOUT: Final = Timeout(connect=5, read=60)
_LONGEST_PAUSE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.5  # after a broken connection


class Result(NamedTuple):
    """What a record was answered: the status, BROKEN without an answer, and for 200 where Kinesis has put it."""

    status: int
    put: Put | None = None


class Answer(NamedTuple):
    """What a request was answered: a result for each record, and how long the door wants to be left alone."""

    results: list[Result]
    pause_seconds: float


class DoorClient:
    """Sends each request once, whatever comes of it."""

    def __init__(self, url: str, key: str | None) -> None:
        """Raises SettingsError for what is not an http or https URL."""
        self._path = _path_of(url)
        self._connections = urllib3.connection_from_url(url, maxsize=1, retries=False, timeout=_TIMEOUT)
        self._headers = {"content-type": "application/json"} | ({"x-api-key": key} if key else {})

    def look(self) -> None:
        """Raises urllib3's HTTPError if nobody answers, whatever the answer."""
        self._connections.request("GET", f"{self._path}/")

    def send(self, records: Sequence[TrackingRecord]) -> Answer:
        """One request with records of one stream."""
        method, path, body = _request(records)
        try:
            answer = self._connections.request(method, self._path + path, body, headers=self._headers)
        except HTTPError:
            return Answer([Result(BROKEN)] * len(records), _PAUSE_SECONDS)
        return Answer(_results(records, answer.status, answer.data), _pause(answer.headers))


def _path_of(url: str) -> str:
    try:
        parts = parse_url(url)
    except LocationParseError:
        parts = parse_url("")
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise SettingsError(f"--gateway {url}: not an http or https URL")
    return (parts.path or "").rstrip("/")


def _request(records: Sequence[TrackingRecord]) -> tuple[str, str, bytes]:
    stream = records[0].plan.stream
    if len(records) == 1:
        [record] = records
        body = b'{"Data": %s, "PartitionKey": %s}' % (record.data, orjson.dumps(record.partition_key))
        return "PUT", f"/streams/{stream}/record", body
    entries = (
        b'{"data": %s, "partition-key": %s}' % (record.data, orjson.dumps(record.partition_key)) for record in records
    )
    return "POST", f"/streams/{stream}/records", b'{"records": [%s]}' % b", ".join(entries)


def _results(records: Sequence[TrackingRecord], status: int, body: bytes) -> list[Result]:
    """The result of each record; of a batch that is refused as a whole, the same for all."""
    try:
        document = orjson.loads(body)
        told = document.get("Records") or [document] * len(records)
        return [_result(record, status, result) for record, result in zip(records, told, strict=True)]
    except (ValueError, AttributeError, TypeError):
        return [Result(status)] * len(records)  # by something in between


def _result(record: TrackingRecord, status: int, told: Mapping[str, Any]) -> Result:
    if code := told.get("ErrorCode"):
        return Result(HTTPStatus.SERVICE_UNAVAILABLE if code == "ServiceUnavailable" else _refusal(told))
    if "SequenceNumber" in told:
        return Result(HTTPStatus.OK, Put(record.plan.message_id, told["ShardId"], told["SequenceNumber"]))
    return Result(status)


def _refusal(told: Mapping[str, Any]) -> HTTPStatus:
    is_large = told.get("stage") == "size"
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_large else HTTPStatus.UNPROCESSABLE_ENTITY


def _pause(headers: Mapping[str, str]) -> float:
    wanted = headers.get("retry-after", "")
    return min(float(wanted), _LONGEST_PAUSE_SECONDS) if wanted.isdecimal() else 0.0
