"""Where Segment's clients from npm are."""

import os
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[2] / ".venv" / "npm" / "node_modules"


def modules() -> Path:
    """Their folder. Without them these tests are skipped on a laptop, and fail where nobody would see that."""
    if not (MODULES / ".package-lock.json").exists():
        if os.environ.get("REQUIRE_NPM"):
            pytest.fail("Segment's clients are not installed: make prove does it, with npm")
        pytest.skip("needs npm, with which make prove installs Segment's clients")
    return MODULES
