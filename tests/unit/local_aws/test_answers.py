"""Answers without a body, as AWS gives them."""

import urllib.request

import botocore.session

from local_aws import LocalAws
from local_aws.answers import RETURN_NOTHING


def _returning_nothing() -> set[str]:
    session = botocore.session.get_session()
    models = [session.get_service_model(service) for service in ("sqs", "kinesis")]
    return {
        name for model in models for name in model.operation_names if model.operation_model(name).output_shape is None
    }


def test_what_returns_nothing_is_what_aws_says() -> None:
    """No operation is answered without a body that has an answer in AWS's own models."""
    assert set() < RETURN_NOTHING <= _returning_nothing()


def test_a_stream_is_made_without_a_word(local_aws: LocalAws) -> None:
    """CreateStream is answered with 200 and no body, over which clients must not stumble."""
    headers = {"X-Amz-Target": "Kinesis_20131202.CreateStream", "Content-Type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(local_aws.endpoint, b'{"StreamName": "events", "ShardCount": 1}', headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        assert (answer.status, answer.read()) == (200, b"")
