"""JSON pointers (RFC 6901) into documents that we make."""

from typing import Any


def parts(pointer: str) -> list[str]:
    """The names on the way, outermost first."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def parent(pointer: str) -> str:
    """The pointer to what the value is in."""
    return pointer.rpartition("/")[0]


def put(document: dict[str, Any], pointer: str, value: Any) -> None:
    """Set a value; the objects on the way are made."""
    *way, name = parts(pointer)
    for step in way:
        document = document.setdefault(step, {})
    document[name] = value


def drop(document: dict[str, Any], pointer: str) -> None:
    """Leave a value out that is there."""
    *way, name = parts(pointer)
    for step in way:
        document = document[step]
    del document[name]
