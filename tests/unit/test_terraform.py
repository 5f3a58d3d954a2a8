"""deploy/terraform, as far as it can be judged without Terraform."""

import json
import re
from pathlib import Path

import pytest

from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.monitor import MonitorSettings
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.stores import checkpoint_table, contract_table
from tools.terraform_readmes import TERRAFORM, readmes, values, with_tables

ROOT = TERRAFORM.parents[1]
SOURCES = {path: path.read_text() for path in TERRAFORM.rglob("*.tf") if ".terraform" not in path.parts}
STAGE = "\n".join(
    (TERRAFORM / name).read_text() for name in ("main.tf", "inspection.tf", "door.tf", "lake.tf", "monitoring.tf")
)

WORDS_OF_AWS = {
    *("API_KEY", "EXTERNAL_TABLE", "ON_DEMAND", "PAY_PER_REQUEST", "SSE_KMS", "TASK_DEFINITION", "TRIM_HORIZON")
}


def test_every_module_is_explained() -> None:
    """Each has a page, and the page of all of them has a link to it."""
    modules = {path.name for path in (TERRAFORM / "modules").iterdir()}
    linked = re.findall(r"\(modules/(\w+)/README.md\)", (TERRAFORM / "README.md").read_text())

    assert {path.parent.name for path in readmes()} == modules | {"terraform"}
    assert set(linked) == modules


@pytest.mark.parametrize("readme", list(readmes()), ids=lambda readme: readme.parent.name)
def test_inputs_and_outputs_are_current(readme: Path) -> None:
    """What a page says of inputs and outputs is what the module has; `make docs` fixes it."""
    assert readme.read_text() == with_tables(readme)


@pytest.mark.parametrize("readme", list(readmes()), ids=lambda readme: readme.parent.name)
def test_every_value_has_a_type_and_a_meaning(readme: Path) -> None:
    """No input or output has to be guessed."""
    inputs, outputs = (values(readme.parent / f"{kind}s.tf", kind) for kind in ("variable", "output"))

    assert outputs
    assert [value.name for value in inputs if not {"type", "description"} <= value.attributes.keys()] == []
    assert [value.name for value in outputs if "description" not in value.attributes] == []


def test_settings_of_all_stages_are_those_that_the_program_reads() -> None:
    """A setting that was renamed cannot be left behind here."""
    kinds = (SubmissionsSettings, InspectionSettings, GatewaySettings, DeliverySettings, MonitorSettings)
    settings = {name.upper() for kind in kinds for name in kind.model_fields}
    named = set(re.findall(r"\b([A-Z]{2}[A-Z_]+) += ", STAGE))
    quoted = {name for text in SOURCES.values() for name in re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', text)}

    assert {"QUEUE_NAME", "STREAM_NAME", "REJECTS", "VISIBILITY_TIMEOUT", "STREAMS_FILE", "NOTICES", "STATE"} <= named
    assert {"METRICS_PORT", "SHUTDOWN_GRACE"} <= quoted
    assert named | quoted - WORDS_OF_AWS <= settings


def test_statements_are_those_of_the_policy() -> None:
    """A statement that was renamed in deploy/iam/policy.json is found before Terraform stumbles over it."""
    policy = json.loads((ROOT / "deploy" / "iam" / "policy.json").read_text())
    used = set(re.findall(r"\b([A-Z][a-z]+[A-Z]\w+) = \"\w+\"", STAGE))

    assert {"RunQueue", "EventSourceMapping", "InspectStream", "ReadContracts", "SendToStream"} <= used
    assert used <= {statement["Sid"] for statement in policy["Statement"]}


def test_tables_have_the_keys_of_their_stores() -> None:
    """What reads contracts and checkpoints finds them by the keys that the tables have."""
    found = re.findall(r'partition_key = "(\w+)"\s+sort_key += "(\w+)"', STAGE)

    assert found == [(contract_table.PART, contract_table.NAME), (checkpoint_table.READER, checkpoint_table.SHARD)]


def test_functions_are_handlers_that_there_are() -> None:
    """What Lambda is told to call is in the archive, and a function on a stream is another than that on a queue."""
    source = SOURCES[TERRAFORM / "modules" / "function_lambda" / "variables.tf"]
    handlers = json.loads(max(re.findall(r"contains\((\[.*?\]), var.handler\)", source), key=len))

    assert set(handlers) == {"inspect", "log_table", "monitor", "submissions"}
    entry = (ROOT / "event_processor" / "entrypoints" / "aws_lambda.py").read_text()
    assert all(f'"{handler}": _{handler}' in entry for handler in handlers)


def test_alarms_name_sections_of_the_runbook() -> None:
    """Who is told of an alarm finds what to do."""
    alarms = SOURCES[TERRAFORM / "modules" / "alarms" / "main.tf"]
    runbook, function = ((ROOT / "docs" / name).read_text() for name in ("runbook.md", "lambda.md"))
    named = re.findall(r"Runbook: (\w+)", alarms)
    named_of_function = re.findall(r"docs/lambda.md#(\w+)", alarms)

    assert (len(named), len(named_of_function)) == (7, 2)
    assert [name for name in named if f"## {name}\n" not in runbook] == []
    assert [name for name in named_of_function if f"# {name}\n" not in function.lower()] == []


def test_the_log_line_that_is_counted_is_one_that_is_logged() -> None:
    """A violation of order sets off its alarm: the filter looks for the beginning of that very line."""
    pattern = re.search(r'\$\.event = \\"(.*)\*\\"', SOURCES[TERRAFORM / "modules" / "alarms" / "main.tf"])
    telemetry = "".join(path.read_text() for path in (ROOT / "event_processor" / "telemetry").glob("*.py"))

    assert pattern
    assert f'_log.error("{pattern[1]}' in telemetry


def test_the_health_check_is_that_of_the_image() -> None:
    """ECS ignores the image's own: the task definition repeats its command."""
    module = re.search(r"python -m ([\w.]+)", SOURCES[TERRAFORM / "modules" / "service_ecs" / "main.tf"])

    assert module
    assert f"python -m {module[1]} " in (ROOT / "Dockerfile").read_text()


def test_providers_are_pinned_by_hash() -> None:
    """What is installed for the one provider is what was reviewed, on all platforms."""
    lock = (TERRAFORM / ".terraform.lock.hcl").read_text()

    assert re.findall(r'^provider "([^"]+)"', lock, re.MULTILINE) == ["registry.terraform.io/hashicorp/aws"]
    assert len(re.findall(r'"zh:[0-9a-f]{64}"', lock)) >= 10
