"""Who follows a page word for word gets what it shows."""

import shutil
from pathlib import Path

import pytest

from tests.following import follow
from tests.ports import free_port
from tests.unit.channels.servers import serving
from tools.readme_tables import README

DOCS = README.parent / "docs"
pytestmark = pytest.mark.prove


def test_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs the processor on a laptop by the README is told that nothing was lost."""
    monkeypatch.setenv("METRICS_PORT", "0")

    assert follow(README, tmp_path, {"4566": str(free_port())}) == []


def test_contracts_page(tmp_path: Path) -> None:
    """Contracts are written, checked, published, compared, rolled back and inferred as docs/contracts.md shows it."""
    assert follow(DOCS / "contracts.md", tmp_path, {}) == []


def test_micro_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who follows docs/micro.md has a test of their own that passes, and sees what it asks."""
    port = str(free_port())
    monkeypatch.setenv("GATEWAY_PORT", port)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)  # the page's own test is run by pytest, too
    assert follow(DOCS / "micro.md", tmp_path, {"8080": port}) == []


def test_inspector_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets up an inspector by docs/inspector.md sees the release that broke a field, in a list and in Slack."""
    monkeypatch.setenv("METRICS_PORT", "0")  # others may be at work on this machine
    with serving() as slack:
        ours = {"4566": str(free_port()), "https://hooks.slack.com/services/T000/B000/XXXX": slack.url}
        assert follow(DOCS / "inspector.md", tmp_path, ours) == []

    assert len(slack.saying("can reach you here")) == 1
    assert slack.saying("page/Policy Type", "/properties/gender", "5.1.0")


def test_gateway_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who tries the gateway by docs/gateway.md sends both samples, is refused what is wrong, and stops it."""
    shutil.copytree(README.parent / "deploy" / "pipeline", tmp_path, dirs_exist_ok=True)
    ports = {name: str(free_port()) for name in ("4566", "8001", "8080")}
    monkeypatch.setenv("METRICS_PORT", ports["8001"])
    monkeypatch.setenv("GATEWAY_PORT", ports["8080"])

    assert follow(DOCS / "gateway.md", tmp_path, ports) == []


def test_lake_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who tries the lake by docs/lake.md sees each record once, in files and table, a kill or not, and a reject."""
    shutil.copytree(README.parent / "deploy" / "pipeline", tmp_path, dirs_exist_ok=True)
    ports = {name: str(free_port()) for name in ("4566", "8080")}
    monkeypatch.setenv("GATEWAY_PORT", ports["8080"])
    monkeypatch.setenv("METRICS_PORT", "0")

    assert follow(DOCS / "lake.md", tmp_path, ports) == []


@pytest.mark.parametrize("page", ["event-types.md", "sizing.md"])
def test_pages_of_one_command(tmp_path: Path, page: str) -> None:
    """Who types the first command of docs/event-types.md or docs/sizing.md sees what stands below it."""
    assert follow(DOCS / page, tmp_path, {}) == []


def test_pipeline_page(tmp_path: Path) -> None:
    """Who tries all jobs together by docs/pipeline.md is told that nothing was lost, and has a report as a page."""
    assert follow(DOCS / "pipeline.md", tmp_path, {}) == []

    assert "Nothing lost" in (tmp_path / "report.html").read_text()


def test_monitoring_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who tries the monitor by docs/monitoring.md finds that orders stopped, and says that it was a holiday."""
    monkeypatch.setenv("METRICS_PORT", "0")

    assert follow(DOCS / "monitoring.md", tmp_path, {"4566": str(free_port())}) == []
