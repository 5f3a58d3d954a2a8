"""Kinesis as one call: operation and parameters in, answer out."""

from collections.abc import Callable

from local_aws.caller import Caller
from local_aws.clock import Clock
from local_aws.errors import AwsError, Json, unknown_operation
from local_aws.faults import FaultDice
from local_aws.kinesis.data_path import DataPath
from local_aws.kinesis.shard_list import ShardList
from local_aws.kinesis.stream_tags import StreamTags
from local_aws.kinesis.streams import StreamDirectory


class KinesisService:
    """Data streams, all in memory."""

    def __init__(self, clock: Clock, dice: Callable[[], FaultDice]) -> None:
        directory = StreamDirectory(clock)
        self._operations = {
            **directory.operations,
            **ShardList(directory, clock).operations,
            **StreamTags(directory).operations,
            **DataPath(directory, clock, dice).operations,
        }

    async def call(self, operation: str, params: Json, _caller: Caller) -> Json:
        """Answer one operation. Raises AwsError."""
        if operation not in self._operations:
            raise unknown_operation("Kinesis", operation)
        if params.get("DryRun"):
            message = "The request was rejected because the DryRun parameter was specified."
            raise AwsError("DryRunOperationException", message)
        return self._operations[operation](params)
