"""The three stages as Terraform plans and makes them, with a provider that answers without AWS."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from pydantic_settings import BaseSettings

from event_processor.bootstrap.inspection_parts import stream_to_inspect
from event_processor.settings.aws_lambda import LambdaSettings
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.monitor import MonitorSettings
from event_processor.settings.streams_file import read_streams
from event_processor.settings.submissions import SubmissionsSettings
from tests.terraform.workspace import ROOT, Workspace

pytestmark = [pytest.mark.xdist_group("stages"), pytest.mark.timeout(1500)]
STAGES = ("test", "staging", "production")
TASKS_OF_THE_DOOR = "module.door_service[0].module.tasks"
INSPECTORS = [f'module.inspection_service["{stream}"]' for stream in ("segment", "events")]
DELIVERY = 'module.delivery["deliver"]'
FIREHOSES = [f'module.delivery_firehose["{stream}"]' for stream in ("segment", "events")]
LAKE = 'module.lake["lake"]'
MONITORING = 'module.monitoring["monitor"]'
MONITOR = f"{MONITORING}.module.service[0]"
LOGGING = [*INSPECTORS, TASKS_OF_THE_DOOR, "module.door_api_gateway[0]", DELIVERY, *FIREHOSES, MONITOR]
TABLES = [f"module.{name}[0].aws_dynamodb_table.this" for name in ("contracts", "state")]
POLICY = json.loads((ROOT / "deploy" / "iam" / "policy.json").read_text())


class Stage(NamedTuple):
    """The attributes of each resource by its address: as planned, and as made."""

    planned: dict[str, dict[str, Any]]
    made: dict[str, dict[str, Any]]


def _resources(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield resource["address"], resource["values"]
    for child in module.get("child_modules", []):
        yield from _resources(child)


def _stage(folder: Path, name: str) -> Stage:
    workspace = Workspace(folder / name)
    messages = workspace.messages(
        "test", "-verbose", "-filter=tests/stage.tftest.hcl", f"-var-file=environments/{name}.tfvars"
    )
    plan = next(message["test_plan"] for message in messages if message["type"] == "test_plan")
    state = next(message["test_state"] for message in messages if message["type"] == "test_state")
    return Stage(
        {change["address"]: change["change"]["after"] for change in plan["resource_changes"]},
        dict(_resources(state["root_module"])),
    )


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stage]:
    """All of them, with a service, a canary and a function."""
    folder = tmp_path_factory.mktemp("stages")
    with ThreadPoolExecutor() as threads:
        return dict(zip(STAGES, threads.map(lambda name: _stage(folder, name), STAGES), strict=True))


def test_stages_differ_only_where_they_should(stages: dict[str, Stage]) -> None:
    """What passed in test and staging is what runs in production, but for size, retention and keys."""

    def same(stage: str) -> dict[str, dict[str, Any]]:
        text = json.dumps(stages[stage].planned).replace(f"event-processor-{stage}", "event-processor-STAGE")
        text = text.replace(
            f"EventProcessor{stage.title()}", "EventProcessorSTAGE"
        )  # names of models have letters only
        found: dict[str, dict[str, Any]] = json.loads(text.replace(f'"Stage": "{stage}"', '"Stage": "STAGE"'))
        return found

    test, staging, production = map(same, STAGES)
    sizes = {
        "module.stream.aws_kinesis_stream.this": {"shard_count", "retention_period"},
        "module.service[0].aws_appautoscaling_target.tasks[0]": {"min_capacity", "max_capacity"},
        "module.service[0].aws_ecs_service.stable": {"desired_count"},
        "module.service[0].aws_cloudwatch_log_group.this": {"retention_in_days"},
        "module.function[0].aws_cloudwatch_log_group.this": {"retention_in_days"},
        **{f"{one}.aws_cloudwatch_log_group.this": {"retention_in_days"} for one in LOGGING},
        "module.door_service[0].aws_lb.this": {"enable_deletion_protection"},
        f'{MONITORING}.aws_cloudwatch_log_group.training["task"]': {"retention_in_days"},
        f"{LAKE}.aws_s3_bucket.this": {"force_destroy"},
        f"{LAKE}.aws_s3_bucket.logs": {"force_destroy"},
        f"{LAKE}.aws_athena_workgroup.this": {"force_destroy"},
        **{name: {"deletion_protection_enabled"} for name in TABLES},
    }
    assert _differences(staging, production) == sizes

    tasks = [f'module.service[0].aws_ecs_task_definition.this["{kind}"]' for kind in ("canary", "stable")]
    policy = "target_tracking_scaling_policy_configuration"
    queues = {f"module.queue.aws_sqs_queue.{name}" for name in ("submissions", "rejects")}
    keys = {"module.key[0].aws_kms_key.this", "module.key[0].aws_kms_alias.this", f"{LAKE}.aws_kms_key.this[0]"}
    differences = _differences(test, staging)
    assert differences.keys() >= keys
    assert {name: found for name, found in differences.items() if name not in keys} == {
        **{name: {"message_retention_seconds", "sqs_managed_sse_enabled"} for name in queues},
        "module.queue.aws_sqs_queue.dead_letters": {"sqs_managed_sse_enabled"},
        **{name: {"cpu", "memory"} for name in tasks},
        "module.stream.aws_kinesis_stream.this": {"shard_count", "kms_key_id"},
        "module.registry.aws_ecr_repository.this": {"encryption_configuration"},
        "module.service[0].aws_appautoscaling_target.tasks[0]": {"max_capacity"},
        "module.service[0].aws_appautoscaling_policy.backlog_per_task[0]": {policy},
        "module.service[0].aws_cloudwatch_log_group.this": {"retention_in_days"},
        "module.function[0].aws_cloudwatch_log_group.this": {"retention_in_days"},
        **{f"{one}.aws_cloudwatch_log_group.this": {"retention_in_days"} for one in LOGGING},
        'module.streams["segment"].aws_kinesis_stream.this': {"kms_key_id"},
        "module.stream_rejects[0].aws_sqs_queue.this": {"sqs_managed_sse_enabled"},
        f"{MONITORING}.module.rejects.aws_sqs_queue.this": {"sqs_managed_sse_enabled"},
        f"{MONITORING}.aws_sqs_queue.findings[0]": {"sqs_managed_sse_enabled"},
        f"{MONITORING}.aws_sns_topic.findings": {"kms_master_key_id"},
        f"{MONITORING}.module.stream[0].aws_kinesis_stream.this": {"kms_key_id"},
        f'{MONITORING}.aws_cloudwatch_log_group.training["task"]': {"retention_in_days"},
        f"{LAKE}.aws_s3_bucket_server_side_encryption_configuration.this": {"rule"},
        f"{LAKE}.aws_athena_workgroup.this": {"configuration"},
        **{
            f'{one}.aws_kinesis_firehose_delivery_stream.this["raw"]': {"extended_s3_configuration"}
            for one in FIREHOSES
        },
    }


@pytest.mark.parametrize(("name", "own"), [("test", False), ("staging", True), ("production", True)])
def test_a_key_of_ones_own_is_used_for_everything(stages: dict[str, Stage], name: str, own: bool) -> None:
    """Queues, stream, logs, images and the function's environment: all of them, or none."""
    made = stages[name].made
    arn = made.get("module.key[0].aws_kms_key.this", {}).get("arn")
    names = ("kms_key_id", "kms_master_key_id", "kms_key_arn", "encryption_configuration", "server_side_encryption")
    used = {address: values[key] for address, values in made.items() for key in names if key in values}
    del used["module.function[0].aws_lambda_event_source_mapping.submissions[0]"]  # for its filters; it has none

    for one in FIREHOSES:  # it reads a stream, which is encrypted itself
        del used[f'{one}.aws_kinesis_firehose_delivery_stream.this["raw"]']

    assert (arn is not None) == own
    assert len(used) == 25
    assert {address for address, value in used.items() if arn and arn in str(value)} == (set(used) if own else set())


def _differences(one: dict[str, dict[str, Any]], other: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    found = {}
    for address in one.keys() | other.keys():
        mine, theirs = one.get(address, {}), other.get(address, {})
        if names := {name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)}:
            found[address] = names
    return found


def _statements(stage: Stage) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy that the stage makes, with the resource that has it."""
    for address, values in stage.made.items():
        for name in ("policy", "assume_role_policy"):
            text = values.get(name) or ""
            if text.startswith("{"):  # else it is something that the mocked provider made up
                for statement in json.loads(text).get("Statement", []):  # that of a registry's life cycle has none
                    yield address, statement


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


# Where AWS offers nothing narrower; each is argued where it stands.
WIDE = {
    ("LogInToRegistry", "*"),
    ("AccountDecides", "*"),  # in the policy of a key: this key
    ("Logs", "*"),
    ("StoreLake", "arn:aws:s3:::lake/*"),  # the whole bucket is the lake; names of objects are not known before
    ("WriteFiles", "arn:aws:s3:::lake-of-a-stage/firehose/*"),
    ("WriteAccessLogs", "arn:aws:s3:::lake/*"),
    ("StoreLake", "arn:aws:s3:::lake/monitor/*"),
}


@pytest.mark.parametrize("name", STAGES)
def test_nothing_is_allowed_by_a_wildcard(stages: dict[str, Stage], name: str) -> None:
    """Actions and ARNs only; the last part of a log stream's name is the one thing that nobody can know."""
    allowed = [statement for _, statement in _statements(stages[name]) if statement["Effect"] == "Allow"]
    assert len(allowed) >= 13

    wide_actions = [a for statement in allowed for a in _as_list(statement["Action"]) if "*" in a]
    wide_resources = {
        (statement["Sid"], resource)
        for statement in allowed
        for resource in _as_list(statement.get("Resource", []))
        if "*" in resource
    }
    streams = {(sid, arn) for sid, arn in wide_resources if ":log-stream:" in arn and arn.index("*") == len(arn) - 1}
    assert wide_actions == []
    assert {sid for sid, _ in streams} == {"WriteLogs"}
    assert wide_resources - streams <= WIDE


@pytest.mark.parametrize("name", STAGES)
def test_refusals_are_as_wide_as_can_be(stages: dict[str, Stage], name: str) -> None:
    """All queues, topics and buckets refuse plain HTTP to everybody, whatever the action."""
    refused = [statement for _, statement in _statements(stages[name]) if statement["Effect"] == "Deny"]

    assert sorted(statement["Action"] for statement in refused) == ["s3:*"] * 2 + ["sns:Publish"] + ["sqs:*"] * 6
    assert all(statement["Principal"] == "*" for statement in refused)


@pytest.mark.parametrize(
    ("role", "statements"),
    [
        ("module.service[0].aws_iam_role_policy.task", {"ReadContracts", "RunQueue", "RunStream", "RunRejectsQueue"}),
        (
            "module.function[0].aws_iam_role_policy.run",
            {"EventSourceMapping", "ReadContracts", "RunStream", "RunRejectsQueue"},
        ),
        (
            f"{INSPECTORS[0]}.aws_iam_role_policy.task",
            {"InspectState", "InspectStream", "ReadContracts", "RunRejectsQueue"},
        ),
        (f"{DELIVERY}.aws_iam_role_policy.task", {"InspectStream", "ListLake", "ReadContracts", "StoreLake"}),
        (
            f"{MONITOR}.aws_iam_role_policy.task",
            {"InspectStream", "ListLake", "RunRejectsQueue", "StoreLake", "TellTopic"},
        ),
        (f'{MONITORING}.aws_iam_role_policy.training["task"]', {"ListLake", "StoreLake"}),
        (f"{TASKS_OF_THE_DOOR}.aws_iam_role_policy.task", {"ReadContracts", "RunRejectsQueue", "RunStream"}),
        ("module.door_api_gateway[0].aws_iam_role_policy.this", {"SendToStream"}),
        ('module.sender["segment"].aws_iam_role_policy.send', {"SendToStream"}),
    ],
)
def test_roles_may_do_what_the_recorded_runs_need(stages: dict[str, Stage], role: str, statements: set[str]) -> None:
    """Each role has the statements of deploy/iam/policy.json that tests/system/test_iam.py holds to real runs."""
    recorded = {statement["Sid"]: statement["Action"] for statement in POLICY["Statement"]}
    found = {s["Sid"]: s["Action"] for address, s in _statements(stages["production"]) if address == role}

    assert found.pop("OwnKey") == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert found == {sid: recorded[sid] for sid in statements}


def test_settings_are_those_that_the_program_reads(stages: dict[str, Stage]) -> None:
    """A setting that was renamed cannot be left behind, without effect, in a task or function; and all are valid."""
    made = stages["production"].made
    task = json.loads(made['module.service[0].aws_ecs_task_definition.this["stable"]']["container_definitions"])[0]
    service = _read_by(SubmissionsSettings, {one["name"]: one["value"] for one in task["environment"]})
    function = _read_by(
        LambdaSettings, made["module.function[0].aws_lambda_function.this"]["environment"][0]["variables"]
    )
    assert service.queue_name == "event-processor-production-submissions"
    assert service.stream_name == function.stream_name == "event-processor-production-events"
    assert service.rejects == function.rejects == "sqs"


def test_an_inspector_is_told_of_its_stream(stages: dict[str, Stage]) -> None:
    """Each task inspects its own stream by its name, keeps checkpoints, and hears whom to tell in secret."""
    for one, stream in zip(INSPECTORS, ("segment", "events"), strict=True):
        made = stages["production"].made[f'{one}.aws_ecs_task_definition.this["stable"]']
        [task] = json.loads(made["container_definitions"])
        settings = _read_by(InspectionSettings, {one["name"]: one["value"] for one in task["environment"]})
        assert stream_to_inspect(settings).name == f"event-processor-production-{stream}"
        assert (settings.contracts, settings.state, settings.rejects, settings.rejects_queue) == (
            "dynamodb:event-processor-production-contracts",
            "dynamodb:event-processor-production-state",
            "sqs",
            "event-processor-production-stream-rejects",
        )
        assert task["command"] == ["inspect"]
        assert task["portMappings"][0]["containerPort"] == settings.metrics_port
        assert [secret["name"] for secret in task["secrets"]] == ["NOTICES"]


def test_the_gateway_is_told_of_the_streams_of_the_stage(stages: dict[str, Stage]) -> None:
    """Each task takes records for all streams but the processor's, judges by the stage's contracts, and needs a key."""
    made = stages["production"].made[f'{TASKS_OF_THE_DOOR}.aws_ecs_task_definition.this["stable"]']
    [task] = json.loads(made["container_definitions"])
    settings = _read_by(GatewaySettings, {one["name"]: one["value"] for one in task["environment"]})

    assert read_streams(settings.streams_file).keys() == {"event-processor-production-segment"}
    assert (settings.contracts, settings.rejects, settings.rejects_queue) == (
        "dynamodb:event-processor-production-contracts",
        "sqs",
        "event-processor-production-stream-rejects",
    )
    assert task["command"] == ["gateway"]
    assert [port["containerPort"] for port in task["portMappings"]] == [settings.metrics_port, settings.gateway_port]
    assert [secret["name"] for secret in task["secrets"]] == ["GATEWAY_KEYS"]


def test_the_delivery_is_told_of_the_streams_and_the_lake_of_the_stage(stages: dict[str, Stage]) -> None:
    """One task and never two delivers all streams into the bucket."""
    made = stages["production"].made
    [task] = json.loads(made[f'{DELIVERY}.aws_ecs_task_definition.this["stable"]']["container_definitions"])
    settings = _read_by(DeliverySettings, {one["name"]: one["value"] for one in task["environment"]})
    service = made[f"{DELIVERY}.aws_ecs_service.stable"]

    assert read_streams(settings.streams_file).keys() == {
        f"event-processor-production-{stream}" for stream in ("segment", "events")
    }
    assert (settings.lake, settings.warehouse) == (
        "s3://lake-of-a-stage",
        DeliverySettings.model_fields["warehouse"].default,
    )
    assert task["command"] == ["deliver"]
    assert task["portMappings"][0]["containerPort"] == settings.metrics_port
    assert [service[f"deployment_{name}_percent"] for name in ("minimum_healthy", "maximum")] == [0, 100]


def test_the_monitor_is_told_of_its_stream_and_its_state(stages: dict[str, Stage]) -> None:
    """One task and never two judges the stage's metrics, and hears whom to tell in secret."""
    made = stages["production"].made
    [task] = json.loads(made[f'{MONITOR}.aws_ecs_task_definition.this["stable"]']["container_definitions"])
    settings = _read_by(MonitorSettings, {one["name"]: one["value"] for one in task["environment"]})

    assert (settings.metrics_stream, settings.monitor_state, settings.rejects_queue) == (
        "event-processor-production-quality-metrics",
        "s3://lake-of-a-stage/monitor",
        "event-processor-production-monitor-rejects",
    )
    assert task["command"] == ["monitor"]
    assert task["portMappings"][0]["containerPort"] == settings.metrics_port
    assert [secret["name"] for secret in task["secrets"]] == ["NOTICES"]


S = TypeVar("S", bound=BaseSettings)


def _read_by(kind: type[S], environment: dict[str, str]) -> S:
    assert environment.keys() <= {name.upper() for name in kind.model_fields}
    return kind.model_validate({name.lower(): value for name, value in environment.items()})
