"""Where in a value a fault of jsonschema_rs is: exactly, since whether it is personal data depends on it."""

import re
from typing import TYPE_CHECKING, Any, Final

from event_processor.json_document import escaped

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

Path = list[str | int]

_WHERE: Final = "\n\nOn instance"
_NO_NAME: Final = '[""]'
_NUMERIC_NAME: Final = re.compile(r'\[(\d+)\]|\["(\+\d+)"\]', re.ASCII)


def path_of(error: "ValidationError", value: Any) -> Path | None:
    """The steps to a fault; None if they are in doubt.

    `instance_path` lacks the names that are empty, and has numbers for names such as "007". The text for people, which
    names the place last, has all of them as they are.
    """
    steps = error.instance_path
    return steps if _is_exact(steps, value) else _read(error.verbose_message, steps, value)


def _is_exact(steps: Path, value: Any) -> bool:
    for step in steps:
        if isinstance(value, dict):
            if "" in value or step not in value:
                return False
        elif not isinstance(value, list) or isinstance(step, str) or step >= len(value):
            return False
        value = value[step]
    return not (isinstance(value, dict) and "" in value)


def _read(text: str, steps: Path, value: Any) -> Path | None:
    at = text.rfind(_WHERE) + len(_WHERE)
    path: Path = []
    for step in (*steps, None):
        while isinstance(value, dict) and "" in value and text.startswith(_NO_NAME, at):
            if isinstance(step, str) and step.startswith('"]'):  # that is how such a name begins, too
                return None
            at, value = at + len(_NO_NAME), value[""]
            path.append("")
        if step is None:
            return path if text.startswith(":\n", at) else None
        name, at = _name(text, at, step, value)
        if name is None:
            return None
        path.append(name)
        value = value[name]
    return None


def _name(text: str, at: int, step: str | int, value: Any) -> tuple[str | int | None, int]:
    """The step as it is, and where the text goes on; None if the text tells of another one."""
    if isinstance(value, dict) and isinstance(step, int):
        found = _NUMERIC_NAME.match(text, at)
        name = (found[1] or found[2]) if found else None
        return (name, found.end()) if found and name in value else (None, at)
    literal = next((each for each in (f'["{escaped(step)}"]', f"[{step}]") if text.startswith(each, at)), None)
    is_there = step in value if isinstance(value, dict) else isinstance(value, list) and isinstance(step, int)
    return (step, at + len(literal)) if literal and is_there else (None, at)
