"""What AWS's own tools say of deploy/lambda/template.yaml."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv" / "sam" / "bin"
TEMPLATE = ROOT / "deploy" / "lambda" / "template.yaml"


@pytest.mark.parametrize(
    "command",
    [("sam", "validate", "--lint", "--template-file"), ("cfn-lint", "--regions", "eu-west-1", "us-east-1", "--")],
    ids=" ".join,
)
def test_the_template_is_clean(command: tuple[str, ...], tmp_path: Path) -> None:
    """`sam validate --lint` and cfn-lint find nothing, and notice a property that is misspelt."""
    spoilt = tmp_path / "template.yaml"
    spoilt.write_text(TEMPLATE.read_text().replace("VisibilityTimeout:", "VisibilityTimeot:"))
    settings = {**os.environ, "AWS_DEFAULT_REGION": "eu-west-1", "SAM_CLI_TELEMETRY": "0", "HOME": str(tmp_path)}

    def exit_code(template: Path) -> int:
        return subprocess.run([TOOLS / command[0], *command[1:], template], env=settings, check=False).returncode

    assert exit_code(TEMPLATE) == 0
    assert exit_code(spoilt) != 0
