"""The tags of streams: stored and listed, without effect."""

from collections.abc import Callable, Mapping

from local_aws.errors import Json
from local_aws.kinesis.params import integer, required, strings, text
from local_aws.kinesis.stream import Stream
from local_aws.kinesis.streams import StreamDirectory
from local_aws.kinesis.tags import MAX_TAGS, checked_tags
from local_aws.params import string_map


class StreamTags:
    """The operations on tags, of which each is there twice: by stream, and by resource."""

    def __init__(self, directory: StreamDirectory) -> None:
        self._directory = directory
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "AddTagsToStream": lambda params: self._add(directory.find(params), params),
            "ListTagsForResource": lambda params: {"Tags": _tag_list(self._resource(params).tags)},
            "ListTagsForStream": self.list_for_stream,
            "RemoveTagsFromStream": lambda params: self._remove(directory.find(params), params),
            "TagResource": lambda params: self._add(self._resource(params), params),
            "UntagResource": lambda params: self._remove(self._resource(params), params),
        }

    def list_for_stream(self, params: Json) -> Json:
        """ListTagsForStream, by key, page by page."""
        stream = self._directory.find(params)
        limit = integer(params, "Limit", MAX_TAGS, 1, MAX_TAGS)
        after = "" if params.get("ExclusiveStartTagKey") is None else text(params, "ExclusiveStartTagKey")
        rest = {key: value for key, value in stream.tags.items() if key > after}
        return {"Tags": _tag_list(rest)[:limit], "HasMoreTags": len(rest) > limit}

    def _resource(self, params: Json) -> Stream:
        return self._directory.find({"StreamARN": text(params, "ResourceARN")})

    @staticmethod
    def _add(stream: Stream, params: Json) -> Json:
        required(params, "Tags")
        stream.tags = checked_tags(stream.name, {**stream.tags, **string_map(params, "Tags")})
        return {}

    @staticmethod
    def _remove(stream: Stream, params: Json) -> Json:
        keys = strings(params, "TagKeys", MAX_TAGS)
        stream.tags = {key: value for key, value in stream.tags.items() if key not in keys}
        return {}


def _tag_list(tags: dict[str, str]) -> list[Json]:
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
