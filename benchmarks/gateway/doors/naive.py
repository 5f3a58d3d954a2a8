"""The door that most would write: FastAPI, and a PutRecord for each request."""

import json
from typing import Annotated, Any
from uuid import uuid4

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from benchmarks.gateway.doors import common

app = FastAPI()
VALIDATOR = common.validator()
KINESIS = common.kinesis()


class Envelope(BaseModel):
    """A record and its partition key."""

    data: Annotated[dict[str, Any], Field(alias="Data")]
    partition_key: Annotated[str | None, Field(alias="PartitionKey")] = None


@app.put("/streams/{stream}/record")
def put_record(stream: str, envelope: Envelope) -> dict[str, str]:
    """Answers once Kinesis has it."""
    if not VALIDATOR.is_valid(envelope.data):
        raise HTTPException(422)
    answer = KINESIS.put_record(
        StreamName=stream,
        Data=json.dumps(envelope.data).encode(),
        PartitionKey=envelope.partition_key or str(uuid4()),
    )
    return {"SequenceNumber": answer["SequenceNumber"], "ShardId": answer["ShardId"]}


if __name__ == "__main__":
    common.serve(app)
