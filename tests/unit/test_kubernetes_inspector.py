"""The inspector's manifests: one replica of its own, and nothing else of the stage is another with it."""

import re
from pathlib import Path
from typing import Any

import pytest

from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.loading import load
from event_processor.settings.streams_file import read_streams
from tests.kubernetes import STAGES, Built, build, build_inspector, bytes_of, pods, selects
from tests.unit.test_kubernetes import TERRAFORM
from tools.kubernetes_rules import RULES

FIELDS = {"NetworkPolicy": "podSelector", "PodMonitor": "selector"}
MEASURED_BYTES = 200_000_000  # with 1,000 contracts: the most that is allowed (benchmarks)


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage."""
    return str(request.param)


@pytest.fixture
def built(stage: str) -> Built:
    """Its manifests with an inspector, and a canary of the processor beside it."""
    return build_inspector(stage)


@pytest.fixture
def settings(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InspectionSettings:
    """As the pod would read them, with its files in a folder of the test."""
    (tmp_path / "run").mkdir()
    for name, content in {**_files(built), "/run/notices/notices": "slack:https://hooks.slack.com/services/x"}.items():
        path = tmp_path / name.lstrip("/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    for name, value in built.settings.items():
        monkeypatch.setenv(name, value.replace("/run/", f"{tmp_path}/run/"))
    return load(InspectionSettings)


def _mounted(built: Built) -> dict[str, dict[str, Any]]:
    volumes = {volume["name"]: volume for volume in built.pod["volumes"]}
    assert all(mount["readOnly"] for mount in built.container["volumeMounts"])
    return {mount["mountPath"]: volumes[mount["name"]] for mount in built.container["volumeMounts"]}


def _files(built: Built) -> dict[str, str]:
    """What is mounted of ConfigMaps, by path."""
    maps = {found["metadata"]["name"]: found["data"] for found in built.all("ConfigMap")}
    return {
        f"{path}/{name}": content
        for path, volume in _mounted(built).items()
        if "configMap" in volume
        for name, content in maps[volume["configMap"]["name"]].items()
    }


def test_every_variable_is_a_setting_with_a_value_it_may_have(built: Built, settings: InspectionSettings) -> None:
    """A setting that was renamed, or a value or file that the inspector would refuse at start, is found here."""
    assert set(built.settings) <= {name.upper() for name in InspectionSettings.model_fields}
    assert [each.kind for each in settings.notices] == ["slack"]
    assert "env" not in built.container, "settings are in the ConfigMap, where they can be compared"
    assert built.pod["terminationGracePeriodSeconds"] >= settings.shutdown_grace + 5


def test_it_waits_for_the_secret_that_says_whom_to_tell(built: Built) -> None:
    """No URL with a token is in a manifest: the Secret is made by hand, and until then the pod does not start."""
    [secret] = [volume["secret"] for volume in _mounted(built).values() if "secret" in volume]

    assert secret == {"secretName": "event-inspector-notices"}
    assert built.settings["NOTICES"] == "@/run/notices/notices"
    assert built.all("Secret") == []


def test_one_replica_reads_the_stream(built: Built) -> None:
    """The old one has ended before a new one begins, and nothing makes more of them."""
    spec = built.deployment["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert built.container["args"] == ["inspect"]
    assert built.one("ScaledObject")["spec"]["scaleTargetRef"]["name"] != built.deployment["metadata"]["name"]


def test_a_stage_is_otherwise_the_same_with_it(built: Built, stage: str) -> None:
    """What is there for the processor and its canary is what is there without an inspector."""
    without = build(stage, with_canary=True).manifests
    added = [found for found in built.manifests if found not in without]

    assert [found for found in without if found not in built.manifests] == []
    assert {found["kind"] for found in added} == {
        *("ConfigMap", "Deployment", "NetworkPolicy", "PodMonitor", "ServiceAccount")
    }
    assert all(found["metadata"]["name"].startswith("event-inspector") for found in added)


def test_names_are_those_that_terraform_makes(settings: InspectionSettings, stage: str) -> None:
    """Who makes stream, tables and queue with deploy/terraform finds them in the settings."""
    made = (TERRAFORM / "inspection.tf").read_text()
    name = f"event-processor-{stage}"

    assert all(f'"${{local.name}}-{ending}"' in made for ending in ("contracts", "state", "stream-rejects"))
    assert (settings.contracts, settings.state) == (f"dynamodb:{name}-contracts", f"dynamodb:{name}-state")
    assert settings.rejects_queue == f"{name}-stream-rejects"
    assert list(read_streams(settings.streams_file)) == [f"{name}-segment"]
    assert f'region = "{settings.aws_region}"' in (TERRAFORM / "environments" / f"{stage}.tfvars").read_text()


def test_stages_differ_only_in_names() -> None:
    """What was tested in staging is what production runs."""

    def without_names(stage: str) -> str:
        built = build_inspector(stage)
        mine = [found for found in built.manifests if found["metadata"]["name"].startswith("event-inspector")]
        text = re.sub(r"(event-inspector[a-z-]*)-[0-9a-z]{10}\b", r"\1-HASH", str(mine).replace(stage, "STAGE"))
        return re.sub(r"\d{12}|sha256:\w+", "X", text)

    assert without_names("staging") == without_names("production")


def test_it_may_be_reached_and_asked(built: Built, settings: InspectionSettings) -> None:
    """It listens where probes and Prometheus ask, and only Prometheus is let in."""
    assert built.container["ports"] == [{"name": "metrics", "containerPort": settings.metrics_port}]
    assert settings.metrics_port == InspectionSettings.model_fields["metrics_port"].default
    assert settings.metrics_host == "0.0.0.0"
    probes = [built.container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")]
    assert [(probe["path"], probe["port"]) for probe in probes] == [
        *[("/livez", "metrics")] * 2,
        ("/readyz", "metrics"),
    ]
    policy = built.named("NetworkPolicy", "event-inspector")["spec"]
    [scrape] = policy["ingress"]
    assert scrape["ports"] == [{"port": settings.metrics_port, "protocol": "TCP"}]
    assert scrape["from"]


def test_it_reaches_what_the_processor_reaches(built: Built) -> None:
    """DNS, the Pod Identity agent, and HTTPS to AWS; Slack is reached by HTTPS, too."""
    mine, processors = (built.named("NetworkPolicy", f"event-{who}")["spec"] for who in ("inspector", "processor"))

    assert mine["egress"] == processors["egress"]
    assert mine["policyTypes"] == ["Ingress", "Egress"]


def test_selectors_take_its_pods_and_no_others(built: Built) -> None:
    """Neither side's Deployment, policy, monitor or budget takes pods of the other."""
    mine = built.deployment["spec"]["template"]["metadata"]["labels"]
    others = [labels for labels in pods(built) if labels != mine]
    assert len(others) == 2

    selectors = [built.deployment["spec"]["selector"]]
    selectors += [built.named(kind, "event-inspector")["spec"][field] for kind, field in FIELDS.items()]
    assert all(selects(selector, mine) for selector in selectors)
    assert not any(selects(selector, labels) for selector in selectors for labels in others)
    theirs = [built.named(kind, "event-processor")["spec"][field] for kind, field in FIELDS.items()]
    assert not any(
        selects(selector, mine) for selector in [*theirs, built.one("PodDisruptionBudget")["spec"]["selector"]]
    )


def test_what_is_scraped_has_the_job_that_alerts_name(built: Built) -> None:
    """Alerts about the inspector find it."""
    monitor = built.named("PodMonitor", "event-inspector")["spec"]
    labels = built.deployment["spec"]["template"]["metadata"]["labels"]

    assert f'job="{labels[monitor["jobLabel"]]}"' in RULES.read_text()
    assert monitor["podMetricsEndpoints"][0]["port"] == built.container["ports"][0]["name"]


def test_it_has_a_role_of_its_own(built: Built, stage: str) -> None:
    """Least privilege: it may not do what the processor may."""
    accounts = {found["metadata"]["name"]: found["metadata"]["annotations"] for found in built.all("ServiceAccount")}
    roles = {name: annotations["eks.amazonaws.com/role-arn"] for name, annotations in accounts.items()}

    assert built.pod["serviceAccountName"] == "event-inspector"
    assert re.fullmatch(
        rf"arn:aws:iam::\d{{12}}:role/event-processor-{stage}-segment-inspector", roles["event-inspector"]
    )
    assert len(set(roles.values())) == 2


def test_the_pod_can_do_nothing_but_its_work(built: Built, stage: str) -> None:
    """As the processor's, whose image it has, with the memory that 1,000 contracts need."""
    processor = build(stage)

    for field in ("securityContext", "automountServiceAccountToken", "enableServiceLinks"):
        assert built.pod[field] == processor.pod[field]
    for field in ("image", "securityContext"):
        assert built.container[field] == processor.container[field]
    assert bytes_of(built.container["resources"]["requests"]["memory"]) >= MEASURED_BYTES
