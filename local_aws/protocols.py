"""What is answered to clients that speak another protocol than AWS's JSON ones: an error in words they can read."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from xml.sax.saxutils import escape

from local_aws.faults.operations import KINESIS
from local_aws.http import Request, Response

_CBOR_REFUSED = (
    "local_aws speaks JSON, not CBOR. Switch CBOR off in the client: CBOR_ENABLED=false in the environment or "
    "-Daws.cborEnabled=false for the AWS SDK for Java 2, AWS_CBOR_DISABLE=true for the AWS SDK for Java 1."
)
_QUERY_REFUSED = (
    "local_aws speaks the JSON protocol of SQS, not the older query protocol that {action} came in. Use a client that "
    "speaks JSON with SQS: boto3 1.28.82, AWS CLI 1.29.82, or any AWS SDK since November 2023."
)
_FORM = "application/x-www-form-urlencoded"
_JSON_TYPES = {"", "application/json", "application/x-amz-json-1.1"}
_KINESIS_UNKNOWN = b"<UnknownOperationException/>\n"


def refusal(request: Request) -> Response | None:
    """The answer to a request in a protocol that is not spoken here; None for AWS's JSON protocols."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if "cbor" in content_type or "cbor" in request.headers.get("smithy-protocol", "").lower():
        return _refuse_cbor(content_type)
    target = request.headers.get("x-amz-target", "")
    if not target and (action := _query_action(request, content_type)) is not None:
        return _refuse_query(action)
    # curl's own content type is a form's; who names an operation beside it means JSON.
    if target.startswith(KINESIS) and content_type not in _JSON_TYPES | {_FORM}:
        # As kinesalite found AWS to answer.
        return _answer(404, _KINESIS_UNKNOWN, "application/xml")
    return None


def _query_action(request: Request, content_type: str) -> str | None:
    parameters = parse_qs(urlsplit(request.path).query)
    if content_type == _FORM:
        parameters |= parse_qs(request.body.decode("latin-1"))
    elif "Action" not in parameters:
        return None
    return parameters.get("Action", ["a call without an Action"])[0]


def _refuse_query(action: str) -> Response:
    # As "Error responses" in the SQS guide shows them.
    message = escape(_QUERY_REFUSED.format(action=action)).encode("ascii", "xmlcharrefreplace").decode()
    request_id = uuid4()
    body = (
        '<?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>'
        "<Type>Sender</Type><Code>AWS.SimpleQueueService.UnsupportedOperation</Code>"
        f"<Message>{message}</Message><Detail/></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return _answer(400, _printable(body), "text/xml")


def _printable(text: str) -> bytes:
    return "".join(character for character in text if character.isprintable()).encode()


def _refuse_cbor(content_type: str) -> Response:
    fields = {"__type": "UnknownOperationException", "message": _CBOR_REFUSED}
    body = b"\xa2" + b"".join(_cbor_text(text) for field in fields.items() for text in field)
    return _answer(400, body, content_type or "application/cbor")


def _cbor_text(text: str) -> bytes:
    # Major type 3 with a length of two bytes (RFC 8949, 3).
    encoded = text.encode()
    return b"\x79" + len(encoded).to_bytes(2) + encoded


def _answer(status: int, body: bytes, content_type: str) -> Response:
    return Response(status, body, {"Content-Type": content_type, "x-amzn-RequestId": str(uuid4())})
