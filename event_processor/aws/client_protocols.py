"""The calls made for every batch. boto3's clients satisfy these, and so do those of `lean`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Unpack

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import (
        DescribeStreamSummaryInputTypeDef,
        GetRecordsInputTypeDef,
        GetShardIteratorInputTypeDef,
        ListShardsInputTypeDef,
        PutRecordsInputTypeDef,
    )
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestTypeDef,
        DeleteMessageBatchRequestTypeDef,
        ReceiveMessageRequestTypeDef,
        SendMessageBatchRequestTypeDef,
    )

Answer = Mapping[str, Any]


class QueueClient(Protocol):
    """SQS, as far as the hot path goes. Each raises botocore's exceptions."""

    def receive_message(self, **request: "Unpack[ReceiveMessageRequestTypeDef]") -> Answer:
        """ReceiveMessage."""
        ...

    def delete_message_batch(self, **request: "Unpack[DeleteMessageBatchRequestTypeDef]") -> Answer:
        """DeleteMessageBatch."""
        ...

    def change_message_visibility_batch(
        self, **request: "Unpack[ChangeMessageVisibilityBatchRequestTypeDef]"
    ) -> Answer:
        """ChangeMessageVisibilityBatch."""
        ...

    def send_message_batch(self, **request: "Unpack[SendMessageBatchRequestTypeDef]") -> Answer:
        """SendMessageBatch."""
        ...


class StreamClient(Protocol):
    """Kinesis, as far as the hot path goes. Each raises botocore's exceptions."""

    def put_records(self, **request: "Unpack[PutRecordsInputTypeDef]") -> Answer:
        """PutRecords."""
        ...

    def list_shards(self, **request: "Unpack[ListShardsInputTypeDef]") -> Answer:
        """ListShards."""
        ...


class ReadingClient(Protocol):
    """Kinesis, as far as reading goes. Each raises botocore's exceptions."""

    def describe_stream_summary(self, **request: "Unpack[DescribeStreamSummaryInputTypeDef]") -> Answer:
        """DescribeStreamSummary."""
        ...

    def list_shards(self, **request: "Unpack[ListShardsInputTypeDef]") -> Answer:
        """ListShards."""
        ...

    def get_shard_iterator(self, **request: "Unpack[GetShardIteratorInputTypeDef]") -> Answer:
        """GetShardIterator."""
        ...

    def get_records(self, **request: "Unpack[GetRecordsInputTypeDef]") -> Answer:
        """GetRecords."""
        ...
