"""ministack as a child: the emulator that makes what Terraform asks for, and runs its Lambda functions."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

import boto3

from tests.eventually import eventually
from tests.ports import free_port

MINISTACK = os.environ.get("MINISTACK", ".venv/sam/bin/ministack")
REGION = "eu-west-1"
ACCOUNT = "000000000000"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_EC2_METADATA_DISABLED": "true"}


class Ministack:
    """Ready from the start; ended by its process id."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self._log = folder / "ministack.log"
        self._start()

    def start_anew(self) -> None:
        """With nothing in it but the bucket, if there was one."""
        self._end()
        self._start()
        if self.__dict__.pop("bucket", None):
            assert self.bucket

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [MINISTACK],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    **CREDENTIALS,
                    "GATEWAY_PORT": str(self._port),
                    "BIND_HOST": "127.0.0.1",
                    "IOT_MTLS_ENABLED": "0",
                },
            )
        try:
            eventually(self._is_ready, f"ministack to start: {self._log}")
        except AssertionError:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to reach it."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION}

    @cached_property
    def bucket(self) -> str:
        """A bucket, made now."""
        self._s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": REGION})
        return "state"

    @contextmanager
    def locked_state(self) -> Iterator[str]:
        """Somebody else plans or applies meanwhile; his name."""
        lock = {"ID": "1", "Operation": "apply", "Who": "somebody@else", "Created": "2026-01-01T00:00:00Z"}
        key = "event-processor/test.tfstate.tflock"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(lock).encode())
        yield "somebody@else"
        self._s3.delete_object(Bucket=self.bucket, Key=key)

    @property
    def _s3(self) -> Any:
        return boto3.Session("any", "any", region_name=REGION).client("s3", endpoint_url=self.endpoint)

    def waiting(self, queue: str) -> int:
        """Messages on a queue, visible or not."""
        sqs = boto3.Session("any", "any", region_name=REGION).client("sqs", endpoint_url=self.endpoint)
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])

    def make_stream(self, name: str) -> None:
        """With one shard."""
        kinesis = boto3.Session("any", "any", region_name=REGION).client("kinesis", endpoint_url=self.endpoint)
        kinesis.create_stream(StreamName=name, ShardCount=1)

    def put(self, stream: str, *records: bytes) -> None:
        """Onto a stream."""
        kinesis = boto3.Session("any", "any", region_name=REGION).client("kinesis", endpoint_url=self.endpoint)
        for data in records:
            kinesis.put_record(StreamName=stream, Data=data, PartitionKey="key")

    def left(self) -> dict[str, list[str]]:
        """What there is of each kind of resource that a stage makes."""
        session = boto3.Session("any", "any", region_name=REGION)
        kinds = {
            "queues": ("sqs", "list_queues", "QueueUrls"),
            "streams": ("kinesis", "list_streams", "StreamNames"),
            "tables": ("dynamodb", "list_tables", "TableNames"),
            "functions": ("lambda", "list_functions", "Functions"),
            "mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings"),
            "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms"),
            "repositories": ("ecr", "describe_repositories", "repositories"),
            "roles": ("iam", "list_roles", "Roles"),
            "log groups": ("logs", "describe_log_groups", "logGroups"),
            "aliases": ("kms", "list_aliases", "Aliases"),
        }
        found = {}
        for kind, (service, operation, key) in kinds.items():
            client = session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]
            found[kind] = [json.dumps(one, default=str) for one in getattr(client, operation)().get(key, [])]
        return found

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()[-3000:]
        try:
            with urlopen(f"{self.endpoint}/_ministack/health", timeout=10) as answer:  # noqa: S310 - our own child
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _end(self) -> None:
        self._process.kill()
        self._process.wait(60)
