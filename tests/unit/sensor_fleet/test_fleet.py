"""Waiting for the queue."""

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sensor_fleet.errors import FleetError
from sensor_fleet.fleet import queue_url


class LateSqs:
    """A queue that comes into being after some looks."""

    class exceptions:  # noqa: N801 - as boto3 has it
        """The errors boto3 hangs on a client."""

        class QueueDoesNotExist(ClientError):
            """No such queue yet."""

    class meta:  # noqa: N801
        """What boto3 tells about a client."""

        endpoint_url = "http://127.0.0.1:1"

    def __init__(self, looks: int) -> None:
        self._looks = looks

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803
        """The URL, or not there yet."""
        self._looks -= 1
        if self._looks >= 0:
            gone: Any = {"Error": {"Code": "QueueDoesNotExist"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise self.exceptions.QueueDoesNotExist(gone, "GetQueueUrl")
        return {"QueueUrl": f"url of {QueueName}"}


def test_the_waiting_is_told_once() -> None:
    """However long a queue takes, one line says what is waited for."""
    sqs: Any = LateSqs(looks=2)
    told: list[str] = []

    assert queue_url(sqs, "submissions", 60, threading.Event(), told.append) == "url of submissions"
    assert told == ["waiting up to 60 s for queue submissions at http://127.0.0.1:1"]


def test_a_stop_ends_the_waiting_for_a_queue() -> None:
    """A fleet told to stop before its queue is there ends as if it had nothing to do."""
    sqs: Any = LateSqs(looks=1_000_000)
    stop = threading.Event()
    stop.set()

    assert queue_url(sqs, "submissions", 60, stop, lambda _line: None) is None


def test_a_queue_that_never_comes_is_named() -> None:
    """When the time is up, the queue and where it was looked for are told."""
    sqs: Any = LateSqs(looks=1_000_000)

    with pytest.raises(FleetError, match="there is no queue submissions at http://127"):
        queue_url(sqs, "submissions", 0, threading.Event(), lambda _line: None)
