"""What the door answers, as schemas of OpenAPI: the problems of RFC 9457, and results as of PutRecords. Pure."""

from http import HTTPStatus
from typing import Any, Final

from event_processor.gateway.answers import PROBLEM
from event_processor.verdict import Reason, Stage

_TEXT: Final = {"type": "string"}
_MAYBE: Final = {"type": ["string", "null"]}
_COUNT: Final = {"type": "integer", "minimum": 0}
_REASONS: Final = {"enum": [reason.value for reason in Reason]}
_STAGES: Final = {"enum": [stage.value for stage in Stage]}


def _object(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_PROBLEM: Final = {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT}
_REFUSAL: Final = {
    "faults": {"type": "array", "items": _ref("Fault"), "minItems": 1},
    "stage": _STAGES,
    "subject": _MAYBE,
    "version": _MAYBE,
}
_STREAM: Final = {
    "name": _TEXT,
    "contract": {**_TEXT, "description": "The subject of its records, or a template over their fields"},
    "at": {**_TEXT, "description": "JSON pointer to the part of a record that its contract is about"},
    "id": _MAYBE,
    "partition_key": _MAYBE,
    "record_bytes": _COUNT,
    "subjects": {"type": "array", "items": _object({"subject": _TEXT, "version": _TEXT})},
}
_FAULT: Final = {"reason": _REASONS, "pointer": _TEXT, "detail": _TEXT, "expected": _TEXT}

SCHEMAS: Final[dict[str, Any]] = {
    "Stored": _object({"SequenceNumber": {"type": "string", "pattern": "^[0-9]+$"}, "ShardId": _TEXT}),
    "Fault": _object(_FAULT, "expected"),
    "Problem": _object({**_PROBLEM, "pointer": _TEXT}, "pointer"),
    "Refused": _object({**_PROBLEM, **_REFUSAL}),
    "RefusedRecord": _object({"ErrorCode": _REASONS, "ErrorMessage": _TEXT, **_REFUSAL}),
    "UnfinishedRecord": _object({"ErrorCode": {"const": "ServiceUnavailable"}, "ErrorMessage": _TEXT}),
    "Results": _object(
        {
            "FailedRecordCount": _COUNT,
            "Records": {
                "type": "array",
                "items": {"anyOf": [_ref("Stored"), _ref("RefusedRecord"), _ref("UnfinishedRecord")]},
                "minItems": 1,
            },
        }
    ),
    "Streams": _object(
        {
            "contracts_epoch": _COUNT,
            "records_per_request": _COUNT,
            "deadline_seconds": {"type": "number"},
            "streams": {"type": "array", "items": _object(_STREAM)},
        }
    ),
    "Description": {"type": "object", "required": ["openapi", "info", "paths"]},
}

_LATER: Final = {"Retry-After": {"description": "Seconds until it is worth another try", "schema": {"type": "integer"}}}


def _problem(words: str, *schemas: str, later: bool = False) -> dict[str, Any]:
    found: list[Any] = [_ref(name) for name in ("Problem", *schemas)]
    schema = found[0] if len(found) == 1 else {"anyOf": found}
    answer = {"description": words, "content": {PROBLEM: {"schema": schema}}}
    return answer | ({"headers": _LATER} if later else {})


ANSWERS: Final[dict[str, Any]] = {
    str(status.value): answer
    for status, answer in {
        HTTPStatus.BAD_REQUEST: _problem("What stands around the records is wrong"),
        HTTPStatus.UNAUTHORIZED: _problem("The key is missing or not known"),
        HTTPStatus.FORBIDDEN: _problem("The key is not for this stream"),
        HTTPStatus.REQUEST_TIMEOUT: _problem("The body did not come in time"),
        HTTPStatus.LENGTH_REQUIRED: _problem("There is no body, or it does not say how long it is"),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _problem("The body or the record is too large", "Refused"),
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: _problem("The body is of another type, or compressed as it must not be"),
        HTTPStatus.TOO_MANY_REQUESTS: _problem("Too much for this key, or too much in hand", later=True),
        HTTPStatus.INTERNAL_SERVER_ERROR: _problem("A bug of ours"),
        HTTPStatus.SERVICE_UNAVAILABLE: _problem("The stream has not acknowledged it in time", later=True),
    }.items()
}
"""What any request with records may be answered, beside 200 and 422."""

ANSWERS["503"]["content"]["application/json"] = {"schema": _ref("Results")}

KEYS: Final[dict[str, Any]] = {
    "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "The key as the user's name"},
}
KEY_NEEDED: Final[dict[str, Any]] = {"security": [{name: []} for name in KEYS]}
