"""deploy/lambda/template.yaml against the code it deploys; that AWS's tools accept it, tests/sam sees."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from event_processor.estimate import invocations
from event_processor.settings.aws_lambda import LambdaSettings
from event_processor.telemetry import emf
from event_processor.telemetry.metrics import NAMESPACE
from tests.system.test_iam import allowed
from tools.lambda_archive import MACHINES, PYTHON

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "lambda" / "template.yaml"
PAGE = (ROOT / "docs" / "lambda.md").read_text()


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise TypeError(f"!{name} of a mapping")
    return {name: value}


_Loader.add_multi_constructor("!", _function)
TEMPLATE = yaml.load(FILE.read_text(), _Loader)  # noqa: S506 - a safe one
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTION = RESOURCES["Function"]["Properties"]
MAPPING = FUNCTION["Events"]["Submissions"]["Properties"]
ALARMS = {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == "AWS::CloudWatch::Alarm"}


def test_the_handler_exists() -> None:
    """Lambda finds what the template names, in an archive that `make lambda` makes for that machine and Python."""
    module, _, name = FUNCTION["Handler"].rpartition(".")
    source = Path(import_module(module).__file__ or "")
    (architecture,) = FUNCTION["Architectures"]

    assert f'"{name}"' in source.read_text()
    assert FUNCTION["Runtime"] == f"python{PYTHON}"
    assert architecture == "arm64"
    assert architecture in MACHINES
    assert FUNCTION["CodeUri"] == f"../../dist/event-processor-lambda-{architecture}.zip"


def test_the_mapping_honours_the_answer() -> None:
    """Only the messages that the function names come again, and no more of it runs at once than was asked for."""
    assert MAPPING["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert MAPPING["Queue"] == {"GetAtt": "Submissions.Arn"}
    for name, parameter in (
        ("BatchSize", MAPPING["BatchSize"]),
        ("BatchingWindowSeconds", MAPPING["MaximumBatchingWindowInSeconds"]),
        ("MaximumConcurrency", MAPPING["ScalingConfig"]["MaximumConcurrency"]),
    ):
        assert parameter == {"Ref": name}
    assert TEMPLATE["Parameters"]["BatchingWindowSeconds"]["MinValue"] >= 1  # Lambda asks for it with a batch above 10


def test_messages_stay_hidden_long_enough() -> None:
    """Six times the timeout and the longest window, as Lambda asks for; given up after most of a day, not before."""
    queue = RESOURCES["Submissions"]["Properties"]
    window_seconds = TEMPLATE["Parameters"]["BatchingWindowSeconds"]["MaxValue"]
    redrive = queue["RedrivePolicy"]

    assert queue["VisibilityTimeout"] >= 6 * FUNCTION["Timeout"] + window_seconds
    assert FUNCTION["Timeout"] > 5 * LambdaSettings.model_fields["lambda_margin"].default
    assert redrive["deadLetterTargetArn"] == {"GetAtt": "DeadLetters.Arn"}
    assert redrive["maxReceiveCount"] * queue["VisibilityTimeout"] > 20 * 3600
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert RESOURCES["DeadLetters"]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_what_holds_data_outlives_the_stack() -> None:
    """Deleting or replacing the stack deletes no message and no event."""
    for name in ("Submissions", "DeadLetters", "Rejects", "Stream"):
        assert {RESOURCES[name][policy] for policy in ("DeletionPolicy", "UpdateReplacePolicy")} == {"Retain"}


def test_every_variable_is_a_setting() -> None:
    """A setting that was renamed cannot be left behind, without effect; and each value is one that the code takes."""
    names = {"STREAM_NAME": "event-processor-events", "REJECTS_QUEUE": "event-processor-submissions-rejects"}
    for name, value in FUNCTION["Environment"]["Variables"].items():
        assert name.lower() in LambdaSettings.model_fields
        parameter = TEMPLATE["Parameters"].get(value["Ref"], {}) if isinstance(value, dict) and "Ref" in value else {}
        plain = value if isinstance(value, str) else names.get(name)
        values = parameter.get("AllowedValues") or [plain]
        assert [getattr(LambdaSettings.model_validate({name.lower(): each}), name.lower()) for each in values] == values


def test_the_role_may_do_what_is_needed_and_no_more() -> None:
    """Stream and reject queue as in deploy/iam/policy.json, the queue as Lambda needs it; nothing on everything."""
    (policy,) = RESOURCES["Role"]["Properties"]["Policies"]
    statements = {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}
    actions = {name: set(each["Action"]) for name, each in statements.items()}

    assert RESOURCES["Role"]["Properties"].keys() == {"AssumeRolePolicyDocument", "Policies"}  # no managed policy
    assert FUNCTION["Role"] == {"GetAtt": "Role.Arn"}
    assert actions == {
        "EventSourceMapping": allowed("EventSourceMapping"),
        "RunStream": allowed("RunStream"),
        "RunRejectsQueue": allowed("RunRejectsQueue"),
        "Logs": {"logs:CreateLogStream", "logs:PutLogEvents"},
    }
    assert {name: each["Resource"] for name, each in statements.items()} == {
        "EventSourceMapping": {"GetAtt": "Submissions.Arn"},
        "RunStream": {"GetAtt": "Stream.Arn"},
        "RunRejectsQueue": {"GetAtt": "Rejects.Arn"},
        "Logs": {"GetAtt": "LogGroup.Arn"},
    }


def test_a_new_version_is_rolled_back_by_every_alarm() -> None:
    """The alias moves by a canary by default, and no alarm is left out of the deployment."""
    preference = FUNCTION["DeploymentPreference"]
    condition, alarms, none = preference["Alarms"]["If"]

    assert FUNCTION["AutoPublishAlias"] == "live"
    assert preference["Type"] == {"Ref": "Deployment"}
    assert TEMPLATE["Parameters"]["Deployment"]["Default"].startswith("Canary")
    assert TEMPLATE["Conditions"][condition] == {"Not": [{"Equals": [{"Ref": "Deployment"}, "AllAtOnce"]}]}
    assert {alarm["Ref"] for alarm in alarms} == ALARMS.keys()
    assert none == [{"Ref": "AWS::NoValue"}]


def test_alarms_watch_metrics_that_exist() -> None:
    """Each of our own is one that the function writes with every invocation, under that name."""
    ours = {each["MetricName"] for each in ALARMS.values() if each["Namespace"] == NAMESPACE}

    assert {each["Namespace"] for each in ALARMS.values()} == {"AWS/Lambda", "AWS/SQS", NAMESPACE}
    assert {emf.UNFINISHED, emf.BROKEN, emf.VIOLATIONS, emf.REJECTS} == ours
    assert ours <= set(emf.COUNTS)
    for each in ALARMS.values():
        assert each["TreatMissingData"] == "notBreaching"
        assert each["AlarmActions"]["If"][0] == "TellOfAlarms"


def test_alarms_are_those_of_terraform() -> None:
    """Who deploys by Terraform instead is told at the same numbers."""
    stage = (ROOT / "deploy" / "terraform" / "variables.tf").read_text()
    defaults = dict(re.findall(r"(\w+) += optional\(number, (\d+)\)", stage.partition('"alarms"')[2]))
    names = {"age_seconds": "OldestMessageSeconds", "rejects_in_five_minutes": "RejectsInFiveMinutes"}

    same = {name: str(TEMPLATE["Parameters"][ours]["Default"]) for name, ours in names.items()}
    assert same == {
        name: value for name, value in defaults.items() if name != "lag_seconds"
    }  # of streams, which it lacks
    assert ALARMS["RejectsAlarm"]["Threshold"] == {"Ref": "RejectsInFiveMinutes"}
    assert ALARMS["RejectsAlarm"]["Period"] == 5 * 60


def test_alarms_tell_what_to_do() -> None:
    """Each has its section in the page's runbook, and the page has no other."""
    sections = re.findall(r"^### (\w+Alarm)$", PAGE, re.MULTILINE)

    assert sections == list(ALARMS)
    for name, alarm in ALARMS.items():
        assert alarm["AlarmDescription"].endswith(f"docs/lambda.md#{name.lower()}")


def test_the_page_lists_every_parameter() -> None:
    """Name and default, as the template has them."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]*)` )?\|", PAGE, re.MULTILINE))
    defaults = {name: str(parameter["Default"]) for name, parameter in TEMPLATE["Parameters"].items()}

    assert {name: rows.get(name) for name in defaults} == defaults


def test_costs_are_estimated_for_these_defaults() -> None:
    """What the page says a million events cost is said of this template."""
    names = ("MemoryMegabytes", "BatchSize", "BatchingWindowSeconds", "MaximumConcurrency")

    assert [TEMPLATE["Parameters"][name]["Default"] for name in names] == [
        invocations.MEMORY_MEGABYTES,
        invocations.BATCH_SIZE,
        invocations.BATCHING_WINDOW_SECONDS,
        invocations.MAXIMUM_CONCURRENCY,
    ]


def test_the_page_lists_every_metric() -> None:
    """What CloudWatch gets, and nothing that it does not get."""
    section = PAGE.partition("\n## Metrics")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [*emf.COUNTS, emf.AGE]
