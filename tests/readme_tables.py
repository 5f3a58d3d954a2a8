"""The tables in the README that are made from the code: `python -m tests.readme_tables` puts them there."""

import re
from pathlib import Path

from event_processor import settings
from event_processor.observability import metrics

README = Path(__file__).parent.parent / "README.md"


def with_tables(text: str) -> str:
    """The text with the code's tables between their markers."""
    for name, table in (("settings", settings.as_markdown()), ("metrics", metrics.as_markdown())):
        marked = rf"(?<=<!-- {name}: make docs -->\n).*?(?=\n<!-- /{name} -->)"
        text = re.sub(marked, lambda _, table=table: table, text, count=1, flags=re.DOTALL)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text()))
