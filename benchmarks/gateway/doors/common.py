"""What both of the other doors need: the contract, a client for Kinesis, and a server on the port they are given."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import jsonschema_rs
import uvicorn
from botocore.config import Config
from fastapi import FastAPI

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

THREADS: Final = 40  # that FastAPI runs plain functions on
CONTRACT: Final = Path(__file__).parents[2] / "verdicts" / "page.json"


def validator() -> Any:
    """Of the one contract."""
    return jsonschema_rs.validator_for(json.loads(CONTRACT.read_text()))


def kinesis() -> "KinesisClient":
    """With a connection for each of FastAPI's threads."""
    return boto3.client("kinesis", config=Config(max_pool_connections=THREADS))


def serve(app: FastAPI) -> None:
    """As `uvicorn` would from a shell, without its access log."""
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), loop="uvloop", log_level="warning")
