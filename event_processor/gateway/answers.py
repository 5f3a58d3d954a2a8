"""What a client is told: the status, and the JSON body. Pure."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import orjson

from event_processor.contracts.judge import Refused
from event_processor.gateway.pending import Result, Unfinished
from event_processor.publishing.stream import Acknowledged
from event_processor.rejects.reject import told
from event_processor.verdict import Stage

PROBLEM: Final = "application/problem+json"  # RFC 9457
_JSON: Final = "application/json"
_RETRY_SECONDS: Final = {HTTPStatus.TOO_MANY_REQUESTS: "1", HTTPStatus.SERVICE_UNAVAILABLE: "2"}


class Reply(NamedTuple):
    """An answer, whole."""

    status: HTTPStatus
    body: bytes
    headers: dict[str, str]


def problem(status: HTTPStatus, detail: str, **more: Any) -> Reply:
    """An answer that says what is wrong."""
    told_of = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}
    return _reply(status, told_of, PROBLEM)


def reply_to_one(result: Result) -> Reply:
    """To a request of one record."""
    if isinstance(result, Acknowledged):
        return _reply(HTTPStatus.OK, _stored(result), _JSON)
    if isinstance(result, Unfinished):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, result.why)
    return problem(_status_of(result), result.faults[0].detail, **_refusal(result))


def reply_to_many(results: Sequence[Result]) -> Reply:
    """To a request of several, as PutRecords answers: a result each, in their order.

    200 if each has its verdict and at least one is stored, 422 if all are refused, 503 if one has no verdict: whoever
    sends all of it once more on a 5xx loses nothing, and whoever looks sends less.
    """
    entries = [_entry(result) for result in results]
    failed = sum("ErrorCode" in entry for entry in entries)
    if any(isinstance(result, Unfinished) for result in results):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    else:
        status = HTTPStatus.OK if failed < len(entries) else HTTPStatus.UNPROCESSABLE_ENTITY
    return _reply(status, {"FailedRecordCount": failed, "Records": entries}, _JSON)


def reply_to_segment(results: Sequence[Result]) -> Reply:
    """To a call of Segment's API, as Segment answers: 200 if each event has its verdict, whichever it is, else 503.

    Its clients would drop all events of a batch for one that is refused.
    """
    unfinished = next((result for result in results if isinstance(result, Unfinished)), None)
    if unfinished is not None:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, unfinished.why)
    return _reply(HTTPStatus.OK, {"success": True}, _JSON)


def bad_envelope(detail: str, pointer: str) -> Reply:
    """What stands around the records is wrong."""
    return problem(HTTPStatus.BAD_REQUEST, detail, pointer=pointer)


def _entry(result: Result) -> dict[str, Any]:
    if isinstance(result, Acknowledged):
        return _stored(result)
    if isinstance(result, Unfinished):
        return {"ErrorCode": "ServiceUnavailable", "ErrorMessage": result.why}
    return {"ErrorCode": result.faults[0].reason.value, "ErrorMessage": result.faults[0].detail, **_refusal(result)}


def _stored(result: Acknowledged) -> dict[str, str]:
    return {"SequenceNumber": str(result.sequence_number), "ShardId": result.shard_id}


def _refusal(refused: Refused) -> dict[str, Any]:
    return {
        "faults": [told(fault) for fault in refused.faults],
        "stage": refused.stage.value,
        "subject": refused.subject,
        "version": None if refused.version is None else str(refused.version),
    }


def _status_of(refused: Refused) -> HTTPStatus:
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if refused.stage is Stage.SIZE else HTTPStatus.UNPROCESSABLE_ENTITY


def _reply(status: HTTPStatus, document: dict[str, Any], content_type: str) -> Reply:
    headers = {"content-type": content_type}
    if status in _RETRY_SECONDS:
        headers["retry-after"] = _RETRY_SECONDS[status]
    return Reply(status, orjson.dumps(document), headers)
