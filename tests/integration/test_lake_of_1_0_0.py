"""A lake that version 1.0.0 wrote: later versions verify it and rebuild its tables, as docs/versions.md promises."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from event_processor.commands.main import main
from tools.readme_tables import README

DELIVERED = README.parent / "tests" / "fixtures" / "delivered-by-1.0.0"


def _run(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["lake", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_lake_of_1_0_0_is_verified_and_rebuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six records, of which one is a repeat and one a reject, are four rows, whichever version reads them."""
    shutil.copytree(DELIVERED, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAKE", "dir:lake")
    monkeypatch.setenv("WAREHOUSE", "none")
    assert json.loads(_run("verify", "--json"))["findings"] == []

    monkeypatch.setenv("WAREHOUSE", "duckdb:warehouse.duckdb")
    _run("rebuild")
    assert json.loads(_run("verify", "--json"))["findings"] == []
    rows = _run("query", "--format", "csv", "SELECT request_id FROM tracking.utm ORDER BY 1").split()
    assert rows == ["request_id", "r0", "r1", "r2", "r3"]
    assert _run("query", "--format", "csv", "SELECT reason FROM quality.rejects").split() == ["reason", "missing_field"]
