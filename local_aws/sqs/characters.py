"""The characters that SQS carries."""

import re

ALLOWED = "the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
"""SendMessage in the SQS API reference."""
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def forbidden_character(value: str) -> str | None:
    """The first character that SQS does not carry, as "#x8", or None."""
    found = _FORBIDDEN.search(value)
    return f"#x{ord(found.group()):X}" if found else None
