"""Contracts in a DynamoDB table: what a publication changes, it changes in one transaction.

The table's items, by `part` and `name`:

    epoch            epoch              number
    live             SUBJECT            version, digest, epoch
    version/SUBJECT  VERSION            text, digest, at, by
    history/SUBJECT  EPOCH, 20 digits   version, digest, token, at, by
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from botocore.exceptions import ClientError

from event_processor.aws.answer_fields import MalformedAnswer, mapping, maybe_text, number, objects, text
from event_processor.aws.calls import Calls, code_of, is_transient
from event_processor.contracts.registry import Document, LiveDocuments, Move
from event_processor.contracts.version import Version
from event_processor.errors import CallFailed, Conflict
from event_processor.telling import CallObserver

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PART: Final = "part"
NAME: Final = "name"
"""The keys of the table."""

_EPOCH: Final = {"part": {"S": "epoch"}, "name": {"S": "epoch"}}
_KEYS_A_CALL: Final = 100  # of BatchGetItem
_CANCELLED: Final = "TransactionCanceledException"
_EXPECTED: Final = "ConditionalCheckFailed"
_AGAIN: Final = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
"""Reasons why a transaction was cancelled that another attempt may not meet (API reference, TransactWriteItems)."""


class TableContracts:
    """See Registry."""

    def __init__(self, client: "DynamoDBClient", table: str, observer: CallObserver) -> None:
        self._client: Any = client
        self._table = table
        self._calls = Calls(observer)
        self._texts: dict[str, str] = {}  # by digest: what is live, and need not be read again

    unseen_seconds = 0.0

    def epoch(self) -> int:
        def call() -> int:
            return _epoch_of(self._get(_EPOCH))

        return self._calls.make("contracts_epoch", call)

    def read(self) -> LiveDocuments:
        epoch = self.epoch()
        live = {}
        for item in self._query("live"):
            subject = _string(item, "name")
            was_live = item if number(mapping(item, "epoch"), "N") <= epoch else self._as_of(epoch, subject)
            if was_live is not None:
                live[subject] = (_version_of(was_live), _string(was_live, "digest"))
        return LiveDocuments(epoch, self._documents(live))

    def _as_of(self, epoch: int, subject: str) -> Mapping[str, Any] | None:
        """What was live at an epoch, of a subject that was published since."""
        moves = [item for item in self._query(f"history/{subject}") if _string(item, "name") <= _epoch_name(epoch)]
        return moves[-1] if moves else None

    def document(self, subject: str, version: Version) -> Document | None:
        def call() -> Document | None:
            item = self._get(_key(f"version/{subject}", str(version)))
            return Document(subject, version, _string(item, "text")) if item else None

        return self._calls.make("contracts_read", call)

    def history(self, subject: str) -> Sequence[Move]:
        return [
            Move(_version_of(item), datetime.fromisoformat(_string(item, "at")), _string(item, "by"), int(name))
            for item in self._query(f"history/{subject}")
            if (name := _string(item, "name")).isdecimal()
        ]

    def publish(self, document: Document, live_before: Version | None, by: str) -> None:
        key = _key(f"version/{document.subject}", str(document.version))
        values = {
            "text": document.text,
            "digest": _digest(document.text),
            "at": _now(),
            "by": by,
        }
        put = {"Item": key | _strings(values), "ConditionExpression": "attribute_not_exists(part)"}
        self._transact(document, live_before, by, {"Put": put | self._in_table}, "already exists")

    def move(self, subject: str, to: Version, live_before: Version | None, by: str) -> None:
        document = self.document(subject, to)
        if document is None:
            raise Conflict(f"{subject} has no version {to}")
        key = _key(f"version/{subject}", str(to))
        check = {"Key": key, "ConditionExpression": "attribute_exists(part)"}
        self._transact(document, live_before, by, {"ConditionCheck": check | self._in_table}, "is not there")

    @property
    def _in_table(self) -> dict[str, str]:
        return {"TableName": self._table}

    def _transact(
        self, document: Document, live_before: Version | None, by: str, about_version: dict[str, Any], if_not: str
    ) -> None:
        """An attempt without an answer is made again as it was, under the same token, and counts once. One that was
        cancelled is not done, unless an earlier attempt is; if it came too late for its epoch, it is made again."""
        pending: dict[str, Any] = {}

        def call() -> None:
            if not pending:
                epoch, token = _epoch_of(self._get(_EPOCH)), str(uuid4())
                items = [
                    about_version,
                    self._live(document, live_before, epoch + 1),
                    *self._raise_epoch(document, by, epoch, token),
                ]
                pending.update(TransactItems=items, ClientRequestToken=token)
            try:
                self._client.transact_write_items(**pending)
            except ClientError as error:
                if code_of(error) != _CANCELLED:
                    raise
                if not self._is_done(pending):
                    pending.clear()
                    raise

        try:
            self._calls.make("contracts_publish", call, again=_is_worth_another)
        except CallFailed as failure:
            about, live, *_ = (*_reasons(failure.__cause__), "", "")
            if about == _EXPECTED:
                raise Conflict(f"{document.subject} {document.version} {if_not}") from failure
            if live == _EXPECTED:
                raise Conflict(f"{document.subject}: {live_before or 'none'} is no longer what is live") from failure
            raise

    def _live(self, document: Document, before: Version | None, epoch: int) -> dict[str, Any]:
        values = {"version": str(document.version), "digest": _digest(document.text)}
        item = _key("live", document.subject) | _strings(values) | {"epoch": {"N": str(epoch)}}
        put: dict[str, Any] = {"Item": item}
        if before is None:
            put["ConditionExpression"] = "attribute_not_exists(part)"
        else:
            put |= {
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": {":before": {"S": str(before)}},
            }
        return {"Put": put | self._in_table}

    def _is_done(self, request: Mapping[str, Any]) -> bool:
        moved = request["TransactItems"][2]["Put"]["Item"]
        token: str = request["ClientRequestToken"]
        return _string(self._get({key: moved[key] for key in (PART, NAME)}), "token") == token

    def _raise_epoch(self, document: Document, by: str, epoch: int, token: str) -> Iterator[dict[str, Any]]:
        """And write down what counts from then on."""
        values = {"version": str(document.version), "digest": _digest(document.text), "token": token}
        values |= {"at": _now(), "by": by}
        moved = _key(f"history/{document.subject}", _epoch_name(epoch + 1)) | _strings(values)
        yield {"Put": {"Item": moved} | self._in_table}
        yield {
            "Update": {
                "Key": _EPOCH,
                "UpdateExpression": "ADD #number :one",
                "ConditionExpression": "#number = :number" if epoch else "attribute_not_exists(part)",
                "ExpressionAttributeNames": {"#number": "number"},
                "ExpressionAttributeValues": {":one": {"N": "1"}} | ({":number": {"N": str(epoch)}} if epoch else {}),
            }
            | self._in_table
        }

    def _get(self, key: Mapping[str, Any]) -> Mapping[str, Any]:
        return mapping(self._client.get_item(Key=key, ConsistentRead=True, **self._in_table), "Item")

    def _query(self, part: str) -> Iterator[Mapping[str, Any]]:
        """All items of a part, page by page."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "part = :part",
            "ExpressionAttributeValues": {":part": {"S": part}},
            "ConsistentRead": True,
        } | self._in_table

        def call() -> tuple[list[Any], Mapping[str, Any]]:
            answer = self._client.query(**request)
            return objects(answer, "Items"), mapping(answer, "LastEvaluatedKey")

        while True:
            items, last = self._calls.make("contracts_read", call)
            yield from items
            if not last:
                return
            request["ExclusiveStartKey"] = last

    def _documents(self, found: Mapping[str, tuple[Version, str]]) -> dict[str, Document]:
        """With their texts, of which only those are read that are not known yet."""
        fresh = [
            _key(f"version/{subject}", str(version))
            for subject, (version, digest) in found.items()
            if digest not in self._texts
        ]
        for start in range(0, len(fresh), _KEYS_A_CALL):
            for each in self._batch(fresh[start : start + _KEYS_A_CALL]):
                self._texts[_digest(each)] = each
        self._texts = {digest: self._texts[digest] for _, digest in found.values() if digest in self._texts}
        absent = [subject for subject, (_, digest) in found.items() if digest not in self._texts]
        if absent:
            raise CallFailed("contracts_read", "Missing", f"table {self._table} lacks the live version of {absent[0]}")
        return {
            subject: Document(subject, version, self._texts[digest]) for subject, (version, digest) in found.items()
        }

    def _batch(self, keys: list[dict[str, Any]]) -> list[str]:
        """The texts of these versions, which may come in several answers."""
        texts: list[str] = []
        pending: dict[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": True}}

        def call() -> bool:
            answer = self._client.batch_get_item(RequestItems=dict(pending))
            items = objects(mapping(answer, "Responses"), self._table)
            texts.extend(_string(item, "text") for item in items)
            pending.clear()
            pending.update(mapping(answer, "UnprocessedKeys"))
            return bool(items) or not pending

        while pending:
            if not self._calls.make("contracts_read", call, unfinished=lambda progressed: not progressed):
                raise CallFailed("contracts_read", "Throttled", f"table {self._table} gives none of {len(keys)} items")
        return texts


def _reasons(error: BaseException | None) -> list[str]:
    """Why a transaction was cancelled, for each of its items in their order; empty for any other error."""
    if not isinstance(error, ClientError) or code_of(error) != _CANCELLED:
        return []
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons") or []]


def _is_worth_another(error: BaseException) -> bool:
    about, live, *rest = (*_reasons(error), "", "")
    if _EXPECTED in {about, live}:
        return False
    return (
        is_transient(error)
        or isinstance(error, MalformedAnswer)  # of the question for the epoch, which may be asked again
        or code_of(error) == "TransactionInProgressException"
        or bool({about, live, *rest} & {_EXPECTED, *_AGAIN})
    )


def _key(part: str, name: str) -> dict[str, Any]:
    return _strings({"part": part, "name": name})


def _strings(values: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"S": value} for name, value in values.items()}


def _string(item: Any, name: str) -> str:
    return maybe_text(mapping(item, name), "S") or ""


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _version_of(item: Any) -> Version:
    try:
        return Version.parse(text(mapping(item, "version"), "S"))
    except ValueError as error:
        raise MalformedAnswer(f"version of an item: {error}") from error


def _epoch_name(epoch: int) -> str:
    """In the order of the numbers."""
    return f"{epoch:020}"


def _epoch_of(item: Mapping[str, Any]) -> int:
    return number(mapping(item, "number"), "N") if item else 0


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
