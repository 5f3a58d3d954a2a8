"""Hides the passwords that URLs carry, wherever text leaves the process."""

import re
from typing import Final

_IN_TEXT: Final = re.compile(r"(\w[\w+.-]*://)\S*@")
_WHOLE: Final = re.compile(r"^(\w[\w+.-]*://)?.*@", re.DOTALL)


def masked(text: str) -> str:
    """The text with user and password of each URL in it replaced. A badly quoted password goes too."""
    return _IN_TEXT.sub(r"\1***@", text) if "@" in text else text


def masked_value(value: object) -> str:
    """As text, for a value that is, or ought to be, one URL or host: also one with blanks or without a scheme."""
    return _WHOLE.sub(r"\1***@", "" if value is None else str(value))
