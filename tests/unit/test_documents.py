"""The documents say what the code says."""

import re
import tomllib
from pathlib import Path

import yaml

from tests.readme_tables import README, with_tables

ROOT = README.parent


def test_readme_tables_are_current() -> None:
    """The README lists exactly the settings and metrics that the code has; `make docs` mends it."""
    text = README.read_text()

    assert text == with_tables(text)
    assert text.count("| `event_processor_") > 10
    assert text.count("| `QUEUE_NAME`") == 1


def test_conda_environment_has_the_ranges_of_pyproject() -> None:
    """Who uses conda gets what pyproject asks for, neither more nor less."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    conda = yaml.safe_load((ROOT / "conda.yaml").read_text())["dependencies"]
    groups = project["dependency-groups"]

    extra = project["project"]["optional-dependencies"]["otel"]
    assert conda[-1]["pip"] == project["project"]["dependencies"] + extra + groups["dev"]
    assert all(requirement in conda for requirement in groups["build"])
    assert f"python{project['project']['requires-python']}" in conda


def test_links_between_documents_lead_somewhere() -> None:
    """A reader who follows a relative link finds the file."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\((?!http|#)([^)#\s]+)", page.read_text())]

    assert links
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_the_tests_named_in_documents_exist() -> None:
    """Who doubts a guarantee finds the test that is named for it, by its file and by its name."""
    text = (ROOT / "docs" / "guarantees.md").read_text()
    files = set(re.findall(r"\btests/[\w/]+\.py\b", text))
    names = set(re.findall(r"\btest_\w+\b(?!\.py)", text))
    defined = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE)
    }

    assert len(files) >= 5
    assert len(names) >= 10
    assert sorted(file for file in files if not (ROOT / file).is_file()) == []
    assert sorted(names - defined) == []


def test_locks_name_no_registry() -> None:
    """The locks install from whatever registry a machine is configured for."""
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text()
        assert Path(lock).read_text().count("--hash=sha256:") > 1
