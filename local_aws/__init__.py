"""Amazon SQS and Kinesis Data Streams in one process, for demos, tests and benchmarks. Standard library only.

In a test::

    with LocalAws(faults=Faults(refuse=0.1, seed=7)) as aws:
        client = boto3.client("sqs", endpoint_url=aws.endpoint, ...)

As a process: ``python -m local_aws --port 4566``. What it does and does not do: docs/local_aws.md.
"""

from local_aws.embedded import LocalAws
from local_aws.faults import Faults, Plan

__all__ = ["Faults", "LocalAws", "Plan"]
