"""The plain loop: receive ten, PutRecord each event in turn, delete each message. It keeps the order, and it crawls.

As in "Amazon SQS examples using SDK for Python (Boto3)" and its sibling for Kinesis (AWS SDK Code Examples). Runs until
killed.
"""

import json
import os

import boto3

from benchmarks.end_to_end.peers.records import records


def main() -> None:
    """Receive, publish, delete, for ever."""
    sqs, kinesis = boto3.client("sqs"), boto3.client("kinesis")
    stream = os.environ["STREAM_NAME"]
    url = sqs.get_queue_url(QueueName=os.environ["QUEUE_NAME"])["QueueUrl"]
    while True:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in answer.get("Messages", []):
            for record in records(message["Body"]):
                data = json.dumps(record).encode()
                kinesis.put_record(StreamName=stream, Data=data, PartitionKey=record["device_id"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main()
