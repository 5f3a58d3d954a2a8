"""Answers in JSON, and errors as the AWS JSON protocols have them."""

import json
from uuid import uuid4

from local_aws.errors import AwsError, Json
from local_aws.http import Response


def json_response(status: int, body: Json, headers: dict[str, str] | None = None) -> Response:
    """An answer with a JSON body."""
    encoded = json.dumps(body, separators=(",", ":")).encode()
    base = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid4())}
    return Response(status, encoded, {**base, **(headers or {})})


def error_response(error: AwsError) -> Response:
    """An error answer."""
    # Only SQS was a query service, but the header does no harm elsewhere: botocore reads the same code from it.
    blame = "Sender" if error.sender_fault else "Receiver"
    headers = {"x-amzn-query-error": f"{error.query_code};{blame}"}
    return json_response(error.status, {"__type": error.code, "message": error.message}, headers)
