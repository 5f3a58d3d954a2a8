"""Error codes in the words that people know, and search for."""

from typing import Final

from event_processor.text import code_word

UNKNOWN: Final = "Unknown"
_OLD_PREFIX: Final = "AWS.SimpleQueueService."
"""What SQS puts before some of its codes (`AWS.SimpleQueueService.NonExistentQueue`), and leaves out in its manuals.
Any other word before a dot is a family (`KMS.AccessDeniedException`): without it, it would be another error."""


def shown_code(code: object) -> str:
    """A code as it stands in an answer, made fit for logs and metrics; one that is missing is `Unknown`."""
    return code_word(str(code or "")).removeprefix(_OLD_PREFIX) or UNKNOWN
