"""The plain loop: receive ten, PutRecord each event in turn, delete. `python -m benchmarks.sequential_loop.loop N`."""

import base64
import json
import sys
import time
from typing import Any

import boto3


def work(submissions: int) -> float:
    """Process so many submissions one event after the other; returns events per second."""
    sqs, kinesis = boto3.client("sqs"), boto3.client("kinesis")
    url = sqs.get_queue_url(QueueName="submissions")["QueueUrl"]
    events = done = 0
    begun = time.perf_counter()
    while done < submissions:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            events += _publish(kinesis, json.loads(base64.b64decode(message["Body"])))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            done += 1
    return events / (time.perf_counter() - begun)


def _publish(kinesis: Any, submission: dict[str, Any]) -> int:
    events = [event for group in submission["events"].values() for event in group]
    for event in events:
        data = json.dumps({"submission_id": submission["submission_id"], "event_data": event}).encode()
        kinesis.put_record(StreamName="events", Data=data, PartitionKey=submission["device_id"])
    return len(events)


if __name__ == "__main__":
    print(work(int(sys.argv[1])))
