"""PyPI async-kinesis behind an SQS loop: receive, put the events, flush, delete. Many such loops in one event loop.

As recommended in the README of async-kinesis 3: one shared Producer, a partition key for order, ListShards so that its
rate limit knows the shards, ujson installed. A connection for each call in flight (aiobotocore's AioConfig). A loop
makes nine receives at once: with five events a message they fill one PutRecords, and the producer makes one at a time.
Messages are deleted after a flush: then all they had put was accepted. SIGTERM: what was received is finished first.
"""

import asyncio
import os
import signal
from typing import Any, Final

from aiobotocore.config import AioConfig  # type: ignore[import-not-found]
from aiobotocore.session import get_session  # type: ignore[import-not-found]
from kinesis import Producer  # type: ignore[import-not-found]

from benchmarks.end_to_end.peers.records import records

RECEIVES: Final = 9  # of ten messages, at once, by each loop


async def main() -> None:
    """So many loops, one client and one producer for all."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    endpoint, receivers = os.environ["AWS_ENDPOINT_URL"], int(os.environ["CONSUMERS"])
    config = AioConfig(max_pool_connections=receivers)
    async with (
        get_session().create_client("sqs", endpoint_url=endpoint, config=config) as sqs,
        # 499: version 3.0.1 takes one record more than batch_size, and PutRecords takes no more than 500
        Producer(os.environ["STREAM_NAME"], endpoint_url=endpoint, use_list_shards=True, batch_size=499) as producer,
    ):
        producer.set_put_rate_throttle()  # again: version 3.0.1 sets it before it knows the shards, for one
        url = (await sqs.get_queue_url(QueueName=os.environ["QUEUE_NAME"]))["QueueUrl"]
        await asyncio.gather(*(_work(sqs, url, producer, stop) for _ in range(receivers // RECEIVES)))


async def _work(sqs: Any, url: str, producer: Any, stop: asyncio.Event) -> None:
    while not stop.is_set():
        batches = await asyncio.gather(*(_receive(sqs, url) for _ in range(RECEIVES)))
        for message in (message for batch in batches for message in batch):
            for record in records(message["Body"]):
                await producer.put(record, partition_key=record["device_id"])
        await producer.flush()
        await asyncio.gather(*(_delete(sqs, url, batch) for batch in batches if batch))


async def _receive(sqs: Any, url: str) -> Any:
    return (await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)).get("Messages", [])


async def _delete(sqs: Any, url: str, messages: Any) -> None:
    entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
    await sqs.delete_message_batch(QueueUrl=url, Entries=entries)


if __name__ == "__main__":
    asyncio.run(main())
