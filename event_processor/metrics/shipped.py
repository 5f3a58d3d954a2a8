"""The contract of metrics, which comes with the program."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from event_processor.contracts.registry import Document, Registry
from event_processor.contracts.streams import Stream
from event_processor.contracts.version import Version

SUBJECT: Final = "quality-metrics"
_VERSION: Final = Version.parse("1-0-0")


def document() -> Document:
    """As it is published."""
    text = files("event_processor.metrics").joinpath(f"{SUBJECT}.json").read_text(encoding="utf-8")
    return Document(SUBJECT, _VERSION, text)


def publish_where_it_is_missing(registry: Registry, streams: Iterable[Stream]) -> bool:
    """Whether it is new, since a stream is of metrics and nobody has published another. Raises CallFailed."""
    if all(stream.contract.text != SUBJECT for stream in streams) or SUBJECT in registry.read().documents:
        return False
    registry.publish(document(), None, "provision")
    return True
