"""The sender's trace context, in either form that SQS carries."""

from typing import Any

import pytest

from event_processor.aws.sqs_messages import trace_parent

W3C = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
XRAY = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
XRAY_AS_W3C = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"


def message(attribute: str | None = None, header: str | None = None) -> dict[str, Any]:
    """As boto3 returns it."""
    return {
        "MessageAttributes": {"traceparent": {"DataType": "String", "StringValue": attribute}} if attribute else {},
        "Attributes": {"AWSTraceHeader": header} if header else {},
    }


@pytest.mark.parametrize(
    ("found", "context"),
    [
        (message(W3C), W3C),
        (message(header=XRAY), XRAY_AS_W3C),
        (message(header="Sampled=1;Parent=53995c3f42cd8ad8; Root=1-5759e988-bd862e3fe1be46a994272793"), XRAY_AS_W3C),
        (message(header=XRAY.replace("Sampled=1", "Sampled=0")), XRAY_AS_W3C[:-1] + "0"),
        (message(header=XRAY.replace(";Sampled=1", "")), XRAY_AS_W3C[:-1] + "0"),
        (message(header=XRAY + ";Lineage=a87bd80c:0"), XRAY_AS_W3C),
        (message(W3C, XRAY), W3C),
        (message("nonsense", XRAY), XRAY_AS_W3C),
    ],
)
def test_taken(found: dict[str, Any], context: str) -> None:
    """W3C as it is, X-Ray as the W3C of the same trace and span; the sender's own attribute goes first."""
    assert trace_parent(found) == context


@pytest.mark.parametrize(
    "found",
    [
        {},
        message(),
        message(W3C + "\n"),
        message(W3C.upper()),
        message(W3C * 1000),
        message(header="Root=1-5759e988-bd862e3fe1be46a994272793"),
        message(header=XRAY.replace("Root=1-", "Root=2-")),
        message(header="Self=;=;;==;Parent"),
        {"MessageAttributes": {"traceparent": {"DataType": "Binary", "BinaryValue": b"x"}}},
    ],
)
def test_not_taken(found: dict[str, Any]) -> None:
    """Without a context, or with one that is malformed or hostile, there is none, and nothing breaks."""
    assert trace_parent(found) is None
