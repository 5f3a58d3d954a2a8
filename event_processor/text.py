"""Text that leaves the process: without passwords, without control characters, of bounded length."""

import re
from typing import Final

DETAIL_CHARACTERS: Final = 1_000  # a proxy's error page may have a hundred thousand
_CODE_CHARACTERS: Final = 80
_URL_IN_TEXT: Final = re.compile(r"(\w[\w+.-]*://)\S*@")
_WHOLE_URL: Final = re.compile(r"^(\w[\w+.-]*://)?.*@", re.DOTALL)


def printable(text: str) -> str:
    """The text with everything that would steer a terminal, or hide, written as an escape.

    That is what Unicode calls not printable: control characters (ANSI escapes begin with one), line breaks, marks that
    turn the direction of writing, characters without width, lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def cut(text: str, most: int) -> str:
    """Its first characters, and how many there were."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def one_line(text: str, most: int = DETAIL_CHARACTERS) -> str:
    """For a log line or a terminal: white space is one blank, the rest printable, and the whole of a bounded length."""
    return cut(printable(" ".join(text.split())), most)


def code_word(text: str) -> str:
    """An error code as somebody sent it."""
    return one_line(text, _CODE_CHARACTERS)


def masked(text: str) -> str:
    """The text with user and password of each URL in it replaced. A badly quoted password goes too."""
    return _URL_IN_TEXT.sub(r"\1***@", text) if "@" in text else text


def masked_value(value: object) -> str:
    """As text, for a value that is, or ought to be, one URL or host: also one with blanks or without a scheme."""
    return _WHOLE_URL.sub(r"\1***@", "" if value is None else str(value))
