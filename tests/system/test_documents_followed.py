"""Who follows a page word for word gets what it shows."""

from pathlib import Path

import pytest

from tests.following import follow
from tests.ports import free_port
from tests.system.inspection import Slack
from tools.readme_tables import README

DOCS = README.parent / "docs"
pytestmark = pytest.mark.prove


def test_contracts_page(tmp_path: Path) -> None:
    """Contracts are written, checked, published, compared, rolled back and inferred as docs/contracts.md shows it."""
    assert follow(DOCS / "contracts.md", tmp_path, {}) == []


def test_inspector_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets up an inspector by docs/inspector.md sees the release that broke a field, in a list and in Slack."""
    monkeypatch.setenv("METRICS_PORT", "0")  # others may be at work on this machine
    with Slack() as slack:
        ours = {"4566": str(free_port()), "https://hooks.slack.com/services/T000/B000/XXXX": slack.url}
        assert follow(DOCS / "inspector.md", tmp_path, ours) == []

    assert len(slack.saying("can reach you here")) == 1
    assert slack.saying("page/Policy Type", "/properties/gender", "5.1.0")
