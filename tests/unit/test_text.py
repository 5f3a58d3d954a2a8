"""Text of others: fit for a terminal, and never longer than what carries it."""

import pytest

from event_processor.aws.answer_fields import shown_code
from event_processor.errors import CallFailed
from event_processor.text import cut, one_line, printable


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\x9b31m\x85", "\\x9b31m\\x85"),
        ("abc\u202edef\u2066", "abc\\u202edef\\u2066"),
        ("a\u200bb\ufeff\u2028\u00ad\u061c", "a\\u200bb\\ufeff\\u2028\\xad\\u061c"),
        ("\ud800\U000e0041", "\\ud800\\U000e0041"),
        ("čaj ☕ [red]", "čaj ☕ [red]"),
    ],
)
def test_printable(hostile: str, shown: str) -> None:
    """What steers a terminal or hides is shown as an escape; letters of all languages stay as they are."""
    assert printable(hostile) == shown
    assert printable(hostile).isprintable()


def test_cut() -> None:
    """A long text ends with how long it was; one that just fits is whole."""
    assert cut("x" * 100, 100) == "x" * 100
    assert cut("x" * 104_000, 5) == "xxxxx... (104,000 characters)"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("KMS.AccessDeniedException", "KMS.AccessDeniedException"),
        ("KMS.OptInRequired", "KMS.OptInRequired"),
        ("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue"),
        ("Some.Other.Family", "Some.Other.Family"),
        ("AWS.SimpleQueueService.", "Unknown"),
        (None, "Unknown"),
        ("", "Unknown"),
        (403, "403"),
        ("<h1>\x1b[31mno</h1>", "<h1>\\x1b[31mno</h1>"),
    ],
)
def test_codes_keep_their_family(code: object, shown: str) -> None:
    """A code is AWS's whole word: only the old prefix of SQS, which its manuals leave out, is left out."""
    assert shown_code(code) == shown


def test_a_failed_call_is_short() -> None:
    """A proxy's page of 104 KB in the place of an error makes one short line, in code and detail alike."""
    error = CallFailed("put", "C" * 104_000, "<html>\n\x1b[31m" + "x" * 104_000)

    assert len(str(error)) < 1_200
    assert len(error.code) < 120
    assert str(error).isprintable()
    assert "(104,011 characters)" in one_line("y" * 104_011)
