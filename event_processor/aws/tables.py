"""Makes DynamoDB tables where they are missing: for laptops and tests, not instead of Terraform."""

import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from event_processor.aws.answer_fields import mapping, objects, text
from event_processor.aws.calls import code_of
from event_processor.aws.network.reading import Reading
from event_processor.errors import CallFailed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ACTIVE_SECONDS: Final = 60


def provision_table(client: "DynamoDBClient", name: str, partition_key: str, sort_key: str | None = None) -> str:
    """Make a table whose keys are text, paid by request, with point-in-time recovery, unless it is there.

    Returns a line that says which. Raises CallFailed, also if the table that is there has other keys.
    """
    keys = [key for key in (partition_key, sort_key) if key]
    try:
        made = _make(client, name, keys)
        _wait_until_active(client, name, keys)
        if made:
            with Reading():
                client.update_continuous_backups(
                    TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
                )
    except (ClientError, BotoCoreError) as error:
        raise CallFailed("provision", code_of(error), str(error)) from error
    return f"table   {name}: {'created' if made else 'already exists'}"


def _make(client: "DynamoDBClient", name: str, keys: list[str]) -> bool:
    schema: Any = [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]
    try:
        with Reading():
            client.create_table(
                TableName=name,
                KeySchema=schema,
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                BillingMode="PAY_PER_REQUEST",
            )
    except ClientError as error:
        if code_of(error) != "ResourceInUseException":
            raise
        return False
    return True


def _wait_until_active(client: "DynamoDBClient", name: str, keys: list[str]) -> None:
    deadline = time.monotonic() + _ACTIVE_SECONDS
    while True:
        with Reading():
            table = mapping(client.describe_table(TableName=name), "Table")
            status = text(table, "TableStatus")
            found = [text(key, "AttributeName") for key in objects(table, "KeySchema")]
        if found != keys:
            raise CallFailed("provision", "OtherKeys", f"table {name} has the keys {found}, not {keys}")
        if status in {"ACTIVE", "UPDATING"}:
            return
        if time.monotonic() > deadline:
            raise CallFailed("provision", "NotActive", f"table {name} is not ACTIVE after {_ACTIVE_SECONDS} s")
        time.sleep(0.2)
