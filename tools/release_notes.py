"""The changelog's section of a version: `python -m tools.release_notes v1.2.3`; fails if this is not that version."""

import re
import sys
from pathlib import Path

from event_processor import __version__

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def notes(changelog: str, version: str) -> str:
    """What the changelog says of a version, without its heading. Raises LookupError if that is nothing."""
    found = re.search(
        rf"^## \[?{re.escape(version)}(?=[]\s]).*?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if not found or not found[1].strip():
        raise LookupError(f"CHANGELOG.md says nothing of {version}")
    return found[1].strip()


def main(tag: str) -> None:
    """Print the notes of a tag."""
    if tag != f"v{__version__}":
        sys.exit(f"the tag is {tag}, the version {__version__}")
    try:
        print(notes(CHANGELOG.read_text(), __version__))
    except LookupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
