"""From a JSON Schema to what judges by it: formats on, patterns in linear time, nothing fetched."""

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from event_processor.json_document import pointer_to

if TYPE_CHECKING:
    from jsonschema_rs import Validator, ValidatorMap

_PATTERN_BYTES: Final = tuple(kibibytes * 1024 for kibibytes in (8, 64, 256, 512, 1024, 2048, 4096, 10_240))
MAX_BYTES: Final = "x-max-bytes"
DRAFTS: Final = (
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
)


class _MaxBytes:
    """`x-max-bytes`: JSON Schema counts characters, warehouses count bytes of UTF-8."""

    __slots__ = ("_most",)

    def __init__(self, parent: dict[str, Any], most: int, path: list[str | int]) -> None:  # noqa: ARG002
        self._most = most

    def validate(self, value: Any) -> None:
        """Raises ValueError for a longer text."""
        if isinstance(value, str) and len(value) * 4 > self._most and len(value.encode()) > self._most:
            raise ValueError(f"at most {self._most} bytes of UTF-8")


def compiled(schema: dict[str, Any]) -> "Validator":
    """What judges by this schema. Raises ValueError (jsonschema_rs's ValidationError) if it is none."""
    from jsonschema_rs import validator_for  # noqa: PLC0415  # for those who have contracts

    return validator_for(schema, **_options())


def compiled_parts(schema: dict[str, Any]) -> "ValidatorMap":
    """What judges by each schema within, by its JSON pointer after `#`."""
    from jsonschema_rs import validator_map_for  # noqa: PLC0415

    return validator_map_for(schema, **_options())


@lru_cache(maxsize=8192)
def pattern_bytes(pattern: str) -> int | None:
    """How much memory a pattern takes once it is compiled, at most; None if it cannot be compiled."""
    from jsonschema_rs import RegexOptions, validator_for  # noqa: PLC0415

    for most in _PATTERN_BYTES:
        with suppress(ValueError):
            validator_for({"pattern": pattern}, pattern_options=RegexOptions(size_limit=most))
            return most
    return None


def is_known_format(name: str, draft: str) -> bool:
    """Whether a draft has this format; one that it does not have is not checked."""
    from jsonschema_rs import validator_for  # noqa: PLC0415

    try:
        validator_for({"$schema": draft, "format": name}, ignore_unknown_formats=False, **_options())
    except ValueError:
        return False
    return True


def _options() -> dict[str, Any]:
    from jsonschema_rs import RegexOptions  # noqa: PLC0415

    return {
        "validate_formats": True,
        "pattern_options": RegexOptions(),  # linear time; the default engine backtracks
        "keywords": {MAX_BYTES: _MaxBytes},
        "offline": True,
    }


def compile_problem(schema: dict[str, Any]) -> tuple[str, str] | None:
    """Where and why a document is not a schema that can be compiled; None if it can."""
    from jsonschema_rs import ValidationError  # noqa: PLC0415

    try:
        compiled(schema)
    except ValidationError as error:
        return pointer_to(error.instance_path), error.message
    except ValueError as error:
        return "", str(error)
    return None
