"""The tags of queues: stored and listed, without effect."""

from collections.abc import Callable, Mapping

from local_aws.errors import Json
from local_aws.params import string_map
from local_aws.sqs.directory import QueueDirectory
from local_aws.sqs.errors import missing_parameter
from local_aws.sqs.params import names
from local_aws.sqs.queue import checked_tags


class QueueTags:
    """TagQueue, UntagQueue and ListQueueTags."""

    def __init__(self, directory: QueueDirectory) -> None:
        self._directory = directory
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "ListQueueTags": self.list,
            "TagQueue": self.tag,
            "UntagQueue": self.untag,
        }

    def tag(self, params: Json) -> Json:
        """TagQueue. A tag that already exists gets the new value."""
        queue = self._directory.find(params)
        tags = string_map(params, "Tags")
        if not tags:
            raise missing_parameter("Tags")
        queue.tags = checked_tags({**queue.tags, **tags})
        return {}

    def untag(self, params: Json) -> Json:
        """UntagQueue. A tag that is not there does no harm."""
        queue = self._directory.find(params)
        keys = names(params, "TagKeys")
        if not keys:
            raise missing_parameter("TagKeys")
        queue.tags = {key: value for key, value in queue.tags.items() if key not in keys}
        return {}

    def list(self, params: Json) -> Json:
        """ListQueueTags; nothing at all when there are none."""
        tags = self._directory.find(params).tags
        return {"Tags": tags} if tags else {}
