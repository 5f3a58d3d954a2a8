"""What AWS's own tools say of deploy/lambda/template.yaml."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv" / "sam" / "bin"
TEMPLATE = ROOT / "deploy" / "lambda" / "template.yaml"

TRANSFORM = """
import json, sys
from types import SimpleNamespace
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
template = yaml_parse(sys.stdin.read())
template["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://bucket/archive.zip"
json.dump(transform(template, json.loads(sys.argv[1]), SimpleNamespace(load=dict)), sys.stdout)
"""


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


def test_the_alias_is_called_and_rolled_back() -> None:
    """AWS's transform makes of it: a mapping that calls the alias, which moves slowly and back again at an alarm."""
    made = subprocess.run(
        [TOOLS / "python", "-c", TRANSFORM, json.dumps({"Deployment": "Linear10PercentEvery1Minute"})],
        input=TEMPLATE.read_text(),
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    resources = json.loads(made.stdout)["Resources"]
    (alias,) = (name for name, each in resources.items() if each["Type"] == "AWS::Lambda::Alias")
    (mapping,) = (each for each in resources.values() if each["Type"] == "AWS::Lambda::EventSourceMapping")
    (group,) = (each["Properties"] for each in resources.values() if each["Type"] == "AWS::CodeDeploy::DeploymentGroup")
    condition, watched, none = group["AlarmConfiguration"]["Fn::If"]

    assert mapping["Properties"]["FunctionName"] == {"Ref": alias}
    assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert resources[alias]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"].keys() >= {"DeploymentGroupName"}
    assert "Linear10PercentEvery1Minute" in json.dumps(group["DeploymentConfigName"])
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert (condition, none) == ("RollBack", {})
    assert watched["Enabled"] is True
    assert {"Name": {"Ref": "BrokenAlarm"}} in watched["Alarms"]
