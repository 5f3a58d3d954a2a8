"""SQS and Kinesis with the methods and arguments of boto3's clients: those of the hot path, and no others."""

from typing import TYPE_CHECKING, Unpack

from event_processor.aws.client_protocols import Answer
from event_processor.aws.lean_transport.service import Service

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

    def __init__(self, service: Service) -> None:
        self._service = service

    def receive_message(self, **request: "Unpack[ReceiveMessageRequestTypeDef]") -> Answer:
        """See QueueClient. Binary attributes stay in base64: `answers.blob` reads them."""
        return self._service.call("receive_message", request)

    def delete_message_batch(self, **request: "Unpack[DeleteMessageBatchRequestTypeDef]") -> Answer:
        """See QueueClient."""
        return self._service.call("delete_message_batch", request)

    def change_message_visibility_batch(
        self, **request: "Unpack[ChangeMessageVisibilityBatchRequestTypeDef]"
    ) -> Answer:
        """See QueueClient."""
        return self._service.call("change_message_visibility_batch", request)

    def send_message_batch(self, **request: "Unpack[SendMessageBatchRequestTypeDef]") -> Answer:
        """See QueueClient."""
        return self._service.call("send_message_batch", request)


class LeanStreamClient:
    """See StreamClient."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def put_records(self, **request: "Unpack[PutRecordsInputTypeDef]") -> Answer:
        """See StreamClient."""
        return self._service.call("put_records", request)

    def list_shards(self, **request: "Unpack[ListShardsInputTypeDef]") -> Answer:
        """See StreamClient."""
        return self._service.call("list_shards", request)
