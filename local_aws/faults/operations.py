"""The operations that faults can be aimed at."""

SQS = "AmazonSQS"
KINESIS = "Kinesis_20131202"
"""The services' parts of the X-Amz-Target header."""

DATA_PATH = frozenset({
    "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessage", "DeleteMessageBatch",
    "PutRecord", "PutRecords", "ReceiveMessage", "SendMessage", "SendMessageBatch",
})  # fmt: skip
"""What faults act on unless they name operations: managing and reading stay whole, so that runs can be audited."""

OPERATIONS = DATA_PATH | {
    "AddTagsToStream", "CreateQueue", "CreateStream", "DeleteQueue", "DeleteStream", "DescribeStream",
    "DescribeStreamSummary", "GetQueueAttributes", "GetQueueUrl", "GetRecords", "GetShardIterator",
    "ListDeadLetterSourceQueues", "ListQueues", "ListQueueTags", "ListShards", "ListStreams",
    "ListTagsForResource", "ListTagsForStream", "MergeShards", "PurgeQueue", "RemoveTagsFromStream",
    "SetQueueAttributes", "SplitShard", "TagQueue", "TagResource", "UntagQueue", "UntagResource",
    "UpdateMaxRecordSize", "UpdateShardCount", "UpdateStreamRecordDistributionStrategy",
}  # fmt: skip
"""All that is emulated."""
