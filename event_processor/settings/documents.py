"""What a setting names that is a file of YAML, or its content as JSON."""

from pathlib import Path
from typing import Any, Final

from event_processor.errors import SettingsError
from event_processor.text import one_line

_LONGEST: Final = 100


def read_document(setting: str, variable: str) -> tuple[str, Any]:
    """What to call the place in complaints, and what is there. Raises SettingsError.

    The content itself, which begins with a brace, is for tasks and functions that have no files.
    """
    is_content = setting.startswith("{")
    place = variable if is_content else setting
    return place, _document(setting if is_content else _content(Path(setting), variable), place)


def shown_value(value: Any) -> str:
    """A wrong value in a complaint."""
    return one_line(repr(value), _LONGEST)


def _content(path: Path, variable: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{variable}: {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"{path}: not YAML: {one_line(str(error))}") from None


def _document(text: str, place: str) -> Any:
    from event_processor.settings.strict_yaml import read_yaml  # noqa: PLC0415  # for those who have such files

    try:
        return read_yaml(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{place}: not YAML: {one_line(str(error))}") from None
