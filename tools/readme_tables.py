"""The tables in the documents that are made from the code: `python -m tools.readme_tables` puts them there."""

import re
from pathlib import Path

from event_processor.settings import loading
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.telemetry import metrics
from event_processor.telemetry.run_telemetry import CATALOGUE
from tools import sizing_tables, speed_table

README = Path(__file__).parent.parent / "README.md"
PAGES = (README, README.parent / "docs" / "sizing.md")


def with_tables(text: str) -> str:
    """The text with the code's tables between their markers."""
    made = {
        "settings": loading.as_markdown(SubmissionsSettings),
        "metrics": metrics.as_markdown(CATALOGUE),
        "speed": speed_table.as_markdown(),
        **sizing_tables.as_markdown(),
    }
    for name, table in made.items():
        marked = rf"(?<=<!-- {name}: make docs -->\n).*?(?=\n<!-- /{name} -->)"
        text = re.sub(marked, lambda _, table=table: table, text, count=1, flags=re.DOTALL)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(with_tables(page.read_text()))
