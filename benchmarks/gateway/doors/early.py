"""A door that collects records in memory and answers before Kinesis has them, as collectors of clicks do."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import orjson
from fastapi import FastAPI, Request, Response

from benchmarks.gateway.doors import common

MOST_WAITING: Final = 10_000
MOST_TOGETHER: Final = 500
LINGER_SECONDS: Final = 0.005
VALIDATOR = common.validator()
KINESIS = common.kinesis()
waiting: deque[Any] = deque()


async def carry(stream: str) -> None:
    """Whatever waits, a call after the other; what is refused waits again."""
    while True:
        await asyncio.sleep(LINGER_SECONDS)
        while waiting:
            records = [waiting.popleft() for _ in range(min(MOST_TOGETHER, len(waiting)))]
            answer = await asyncio.to_thread(KINESIS.put_records, StreamName=stream, Records=records)
            results = zip(records, answer["Records"], strict=True)
            waiting.extend(record for record, result in results if "ErrorCode" in result)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Two calls under way, as ours."""
    tasks = [asyncio.create_task(carry("events")) for _ in range(2)]
    yield
    for task in tasks:
        task.cancel()


app = FastAPI(lifespan=lifespan)


def taken(records: list[tuple[Any, str | None]]) -> Response:
    """The answer, and the records on their way."""
    if len(waiting) + len(records) > MOST_WAITING:
        return Response(status_code=HTTPStatus.TOO_MANY_REQUESTS)
    if not all(VALIDATOR.is_valid(data) for data, _ in records):
        return Response(status_code=HTTPStatus.UNPROCESSABLE_ENTITY)
    waiting.extend({"Data": orjson.dumps(data), "PartitionKey": key or str(uuid4())} for data, key in records)
    return Response(b'{"taken":%d}' % len(records), media_type="application/json")


@app.put("/streams/events/record")
async def put_record(request: Request) -> Response:
    """One."""
    envelope = orjson.loads(await request.body())
    return taken([(envelope["Data"], envelope.get("PartitionKey"))])


@app.put("/streams/events/records")
async def put_records(request: Request) -> Response:
    """Several."""
    envelope = orjson.loads(await request.body())
    return taken([(each["data"], each.get("partition-key")) for each in envelope["records"]])


if __name__ == "__main__":
    common.serve(app)
