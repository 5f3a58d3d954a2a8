"""Who follows a page word for word gets what it shows."""

from pathlib import Path

import pytest

from tests.following import follow
from tools.readme_tables import README

DOCS = README.parent / "docs"


@pytest.mark.prove
def test_contracts_page(tmp_path: Path) -> None:
    """Contracts are written, checked, published, compared, rolled back and inferred as docs/contracts.md shows it."""
    assert follow(DOCS / "contracts.md", tmp_path, {}) == []
