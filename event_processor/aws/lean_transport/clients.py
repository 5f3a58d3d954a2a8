"""SQS and Kinesis with the methods and arguments of boto3's clients: those of the hot path, and no others."""

from typing import TYPE_CHECKING, Any, Unpack

from botocore.credentials import Credentials

from event_processor.aws.client_protocols import Answer
from event_processor.aws.lean_transport.caller import LeanCaller

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import ListShardsInputTypeDef, PutRecordsInputTypeDef
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestTypeDef,
        DeleteMessageBatchRequestTypeDef,
        ReceiveMessageRequestTypeDef,
        SendMessageBatchRequestTypeDef,
    )


class LeanQueueClient:
    """See QueueClient."""

    def __init__(self, client: Any, credentials: Credentials, ca_bundle: str | None) -> None:
        self._caller = LeanCaller(client, credentials, ca_bundle)

    def receive_message(self, **request: "Unpack[ReceiveMessageRequestTypeDef]") -> Answer:
        """See QueueClient. Binary attributes stay in base64: `answers.blob` reads them."""
        return self._caller.call("receive_message", request)

    def delete_message_batch(self, **request: "Unpack[DeleteMessageBatchRequestTypeDef]") -> Answer:
        """See QueueClient."""
        return self._caller.call("delete_message_batch", request)

    def change_message_visibility_batch(
        self, **request: "Unpack[ChangeMessageVisibilityBatchRequestTypeDef]"
    ) -> Answer:
        """See QueueClient."""
        return self._caller.call("change_message_visibility_batch", request)

    def send_message_batch(self, **request: "Unpack[SendMessageBatchRequestTypeDef]") -> Answer:
        """See QueueClient."""
        return self._caller.call("send_message_batch", request)


class LeanStreamClient:
    """See StreamClient."""

    def __init__(self, client: Any, credentials: Credentials, ca_bundle: str | None) -> None:
        self._caller = LeanCaller(client, credentials, ca_bundle)

    def put_records(self, **request: "Unpack[PutRecordsInputTypeDef]") -> Answer:
        """See StreamClient."""
        return self._caller.call("put_records", request)

    def list_shards(self, **request: "Unpack[ListShardsInputTypeDef]") -> Answer:
        """See StreamClient."""
        return self._caller.call("list_shards", request)
