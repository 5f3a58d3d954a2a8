"""Checkpoints in a DynamoDB table: an item for each shard of a reader, moved on condition that it does not go back.

The table's items, by `reader` (JOB/STREAM) and `shard`:

    stream   created, since
    SHARD    sequence, until, ended, rank (text that sorts as positions follow each other)
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import ClientError

from event_processor.aws.answer_fields import MalformedAnswer, mapping, objects
from event_processor.aws.calls import Calls, code_of
from event_processor.consuming.ports import Origin
from event_processor.consuming.records import Position
from event_processor.stores.checkpoint_form import origin_from, origin_json, position_from, position_json
from event_processor.telling import CallObserver

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READER: Final = "reader"
SHARD: Final = "shard"
"""The keys of the table."""

_ORIGIN: Final = "stream"
_NOT_SO: Final = "ConditionalCheckFailedException"
T = TypeVar("T")


class TableCheckpoints:
    """See Checkpoints."""

    def __init__(self, client: "DynamoDBClient", table: str, job: str, stream: str, observer: CallObserver) -> None:
        self._client: Any = client
        self._table, self._reader = table, f"{job}/{stream}"
        self._calls = Calls(observer)

    @property
    def way_on(self) -> str:
        """See Checkpoints."""
        return f"remove the items with {READER} = {self._reader} from table {self._table}"

    def begin(self, origin: Origin) -> Origin:
        """See Checkpoints."""

        def call() -> Origin:
            self._put(_ORIGIN, origin_json(origin), f"attribute_not_exists({READER})", {})
            return _read(origin_from, self._get(_ORIGIN))

        return self._calls.make("checkpoint", call)

    def read(self) -> Mapping[str, Position]:
        """See Checkpoints."""
        found: dict[str, Position] = {}
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": f"{READER} = :reader",
            "ExpressionAttributeValues": {":reader": {"S": self._reader}},
            "ConsistentRead": True,
        }
        while request:
            positions, last = self._calls.make("checkpoint", partial(self._page, request))
            found |= positions
            request = {**request, "ExclusiveStartKey": last} if last else {}
        return found

    def advance(self, shard_id: str, position: Position) -> Position | None:
        """See Checkpoints."""
        fields = {**position_json(position), "rank": position.rank}
        condition = f"attribute_not_exists({READER}) OR #rank < :rank"
        names = {
            "ExpressionAttributeNames": {"#rank": "rank"},
            "ExpressionAttributeValues": {":rank": {"S": position.rank}},
        }

        def call() -> Position | None:
            answer = self._put(shard_id, fields, condition, names)
            before = self._get(shard_id) if answer is None else _plain(mapping(answer, "Attributes"))
            return _read(position_from, before) if before else None

        return self._calls.make("checkpoint", call)

    def forget(self, shard_id: str) -> None:
        """See Checkpoints."""
        self._calls.make("checkpoint", lambda: self._client.delete_item(TableName=self._table, Key=self._key(shard_id)))

    def _page(self, request: Mapping[str, Any]) -> tuple[dict[str, Position], Mapping[str, Any]]:
        answer = self._client.query(**request)
        items = [_plain(item) for item in objects(answer, "Items")]
        positions = {str(item.get(SHARD)): _read(position_from, item) for item in items if item.get(SHARD) != _ORIGIN}
        return positions, mapping(answer, "LastEvaluatedKey")

    def _put(self, shard: str, fields: Mapping[str, str | bool], condition: str, names: Mapping[str, Any]) -> Any:
        """The answer, with the item as it was before; None if the condition does not hold."""
        try:
            return self._client.put_item(
                TableName=self._table,
                Item={**self._key(shard), **{name: _written(value) for name, value in fields.items()}},
                ConditionExpression=condition,
                ReturnValues="ALL_OLD",
                **names,
            )
        except ClientError as error:
            if code_of(error) != _NOT_SO:
                raise
            return None

    def _get(self, shard: str) -> dict[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=self._key(shard), ConsistentRead=True)
        return _plain(mapping(answer, "Item"))

    def _key(self, shard: str) -> dict[str, Any]:
        return {READER: {"S": self._reader}, SHARD: {"S": shard}}


def _written(value: str | bool) -> dict[str, str | bool]:
    return {"BOOL": value} if isinstance(value, bool) else {"S": value}


def _plain(item: Any) -> dict[str, Any]:
    """Without the types: those of the fields are looked at where they are read."""
    if not isinstance(item, Mapping) or not all(isinstance(value, Mapping) for value in item.values()):
        raise MalformedAnswer("an item is not an object of objects")
    return {str(name): next(iter(value.values()), None) for name, value in item.items()}


def _read(read: Callable[[object], T], fields: Mapping[str, Any]) -> T:
    try:
        return read(fields)
    except ValueError as error:
        raise MalformedAnswer(f"a checkpoint: {error}") from error
