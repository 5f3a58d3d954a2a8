"""What the tags of a stream may be."""

import re

from local_aws.errors import ACCOUNT_ID
from local_aws.kinesis.errors import invalid_argument, validation

MAX_TAGS = 50
MAX_TAG_KEY, MAX_TAG_VALUE = 128, 256
_VALID = re.compile(r"[\w\s.:/=+%@-]*")


def checked_tags(stream: str, tags: dict[str, str]) -> dict[str, str]:
    """The tags, if a stream can have them. Raises ValidationException and InvalidArgumentException."""
    for key, value in tags.items():
        if not 1 <= len(key) <= MAX_TAG_KEY or len(value) > MAX_TAG_VALUE:
            raise validation("tags", key, "Keys have 1 to 128 characters, values up to 256")
        if not _VALID.fullmatch(key) or not _VALID.fullmatch(value):
            raise invalid_argument(
                "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
                "_ . : / = + - % @."
            )
    if len(tags) > MAX_TAGS:
        raise invalid_argument(
            f"Failed to add tags to stream {stream} under account {ACCOUNT_ID} because a given stream cannot have more "
            f"than {MAX_TAGS} tags associated with it."
        )
    return tags
