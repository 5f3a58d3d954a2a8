"""The sizing page says what the calculator says."""

from tools.readme_tables import PAGES, with_tables


def test_tables_of_all_pages_are_current() -> None:
    """What the pages show of sizes, capacity and prices is what the code makes of them now; `make docs` fixes it."""
    for page in PAGES:
        assert page.read_text() == with_tables(page.read_text())


def test_sizing_page_has_its_tables() -> None:
    """The page holds an example of every size, with shards and costs."""
    text = next(page for page in PAGES if page.name == "sizing.md").read_text()

    for word in ("| small | medium | large |", "| shards |", "| all, provisioned |", "| lean | 5 ms |", "| Fargate"):
        assert word in text
