"""Answers in JSON, and errors as the AWS JSON protocols have them."""

import json
from dataclasses import replace
from uuid import uuid4

from local_aws.errors import AwsError, Json
from local_aws.faults.operations import SQS
from local_aws.http import Response

_CONTENT_TYPES = {SQS: "application/x-amz-json-1.0"}
_KINESIS_TYPE = "application/x-amz-json-1.1"
RETURN_NOTHING = frozenset({
    "AddTagsToStream", "CreateStream", "DecreaseStreamRetentionPeriod", "DeleteStream",
    "IncreaseStreamRetentionPeriod", "MergeShards", "RemoveTagsFromStream", "SplitShard", "TagResource",
    "UntagResource", "UpdateMaxRecordSize", "UpdateStreamMode", "ChangeMessageVisibility", "DeleteMessage",
    "DeleteQueue", "PurgeQueue", "SetQueueAttributes", "TagQueue", "UntagQueue",
})  # fmt: skip
"""Operations that are answered with 200 and no body (API references)."""


def json_response(status: int, body: Json, service: str = "", headers: dict[str, str] | None = None) -> Response:
    """An answer with a JSON body, in the service's version of the protocol."""
    encoded = json.dumps(body, separators=(",", ":")).encode()
    base = {"Content-Type": _CONTENT_TYPES.get(service, _KINESIS_TYPE), "x-amzn-RequestId": str(uuid4())}
    return Response(status, encoded, {**base, **(headers or {})})


def answer_to(operation: str, answer: Json, service: str) -> Response:
    """What the operation answers: its JSON, or nothing."""
    response = json_response(200, answer, service)
    return replace(response, body=b"") if operation in RETURN_NOTHING else response


def error_response(error: AwsError, service: str) -> Response:
    """An error answer. That of SQS has the code of the older query protocol in a header, where SDKs look for it."""
    blame = "Sender" if error.sender_fault else "Receiver"
    headers = {"x-amzn-query-error": f"{error.query_code};{blame}"} if service == SQS else {}
    return json_response(error.status, {"__type": error.code, "message": error.message}, service, headers)
