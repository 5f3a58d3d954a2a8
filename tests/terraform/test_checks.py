"""What Terraform and checkov themselves find."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.terraform.workspace import Workspace

CHECKOV = str(Path(os.environ.get("CHECKOV", ".venv/checkov/bin/checkov")).absolute())
pytestmark = pytest.mark.timeout(1500)
FILES = (
    "doors",
    "fifo_stage",
    "function_and_alarms",
    "inspection",
    "key_registry_and_network",
    "lake",
    "monitoring",
    "queue_and_stream",
    "refusals",
    "service_ecs",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A root with its providers."""
    return Workspace(tmp_path)


def test_the_modules_are_as_their_tests_say(workspace: Workspace) -> None:
    """In standard form, valid, and every assertion of deploy/terraform/tests holds."""
    workspace.run("fmt", "-check", "-recursive")
    workspace.run("validate", "-no-color")
    said = workspace.run("test", "-no-color", *(f"-filter=tests/{name}.tftest.hcl" for name in FILES))

    assert "0 failed" in said
    assert {path.name.partition(".")[0] for path in workspace.root.glob("tests/*.hcl")} == {*FILES, "stage"}


def test_checkov_finds_nothing(workspace: Workspace) -> None:
    """With the values of production; where it is not followed, the reason stands in place."""
    done = subprocess.run(
        [
            *(CHECKOV, "--directory", ".", "--framework", "terraform", "--skip-download", "--compact"),
            *("--var-file", "environments/production.tfvars"),
        ],
        cwd=workspace.root,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert "Failed checks: 0" in done.stdout
