"""The emulator inside a test: starts, ends, forgets, and notices clients that go away."""

import json
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
from mypy_boto3_sqs import SQSClient

from local_aws import Faults, LocalAws


def test_each_is_a_world_of_its_own() -> None:
    """Two emulators at once have different endpoints, and both are gone afterwards."""
    with LocalAws() as first, LocalAws() as second:
        endpoints = [first.endpoint, second.endpoint]

    assert endpoints[0] != endpoints[1]
    for endpoint in endpoints:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((urlsplit(endpoint).hostname, urlsplit(endpoint).port))
    assert not [thread for thread in threading.enumerate() if thread.name == "local_aws"]


def test_ends_at_once_during_a_long_poll() -> None:
    """A waiting receiver does not keep the emulator from ending."""
    with LocalAws() as aws:
        connection = _start_long_poll(aws)
        ended_from = time.monotonic()

    assert time.monotonic() - ended_from < 15
    connection.close()


def test_killed_consumer_takes_no_message(local_aws: LocalAws, sqs: SQSClient) -> None:
    """A message sent after a waiting consumer died is there for the next one."""
    url = sqs.create_queue(QueueName="submissions")["QueueUrl"]
    _start_long_poll(local_aws).close()
    # A round trip that began after the end of the other connection: the server has seen that end.
    sqs.list_queues()
    sqs.send_message(QueueUrl=url, MessageBody="x")

    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_faults_change_while_it_runs() -> None:
    """The faults are what was set last, from the next call on."""
    with LocalAws(faults=Faults(refuse=0.1, seed=7)) as aws:
        assert aws.faults == Faults(refuse=0.1, seed=7)
        aws.faults = Faults(throttle=True)

        assert aws.faults == Faults(throttle=True)


def _start_long_poll(aws: LocalAws) -> socket.socket:
    """A connection whose receive of the queue "submissions" is known to have arrived."""
    parts = urlsplit(aws.endpoint)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=60)
    create = json.dumps({"QueueName": "submissions"})
    receive = json.dumps({"QueueUrl": "submissions", "WaitTimeSeconds": 20})
    for operation, body in (("CreateQueue", create), ("ReceiveMessage", receive)):
        head = f"POST / HTTP/1.1\r\nX-Amz-Target: AmazonSQS.{operation}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body.encode())
    # The answer to the first means that the second, sent along, is at work.
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
    return connection
