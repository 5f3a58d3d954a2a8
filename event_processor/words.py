"""Text that others wrote, made fit to be shown: no control characters, no end of its own choosing."""

from typing import Final

DETAIL: Final = 1_000  # characters: a proxy's error page may have a hundred thousand
_CODE: Final = 80


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


def one_line(text: str, most: int = DETAIL) -> str:
    """For a log line or a terminal: white space is one blank, the rest printable, and the whole of a bounded length."""
    return cut(printable(" ".join(text.split())), most)


def code_word(text: str) -> str:
    """An error code as somebody sent it."""
    return one_line(text, _CODE)
