"""The manifests of the monitor: one replica, and nothing else of the stage is another with it."""

import re

import pytest

from event_processor.settings.loading import load
from event_processor.settings.monitor import MonitorSettings
from tests.kubernetes import STAGES, Built, build, build_delivery, build_monitor, bytes_of, pods, selects
from tests.unit.test_kubernetes import TERRAFORM

FIELDS = {"NetworkPolicy": "podSelector", "PodMonitor": "selector"}
SECRETS = {"NOTICES": "webhook:https://example.org/", "MONITOR_KEY": "a key of sixteen characters"}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage."""
    return str(request.param)


@pytest.fixture
def built(stage: str) -> Built:
    """Its manifests with a monitor, beside everything else that a stage may have."""
    return build_monitor(stage)


@pytest.fixture
def settings(built: Built, monkeypatch: pytest.MonkeyPatch) -> MonitorSettings:
    """As the pod would read them, with secrets of the test."""
    for name, value in {**built.settings, **SECRETS}.items():
        monkeypatch.setenv(name, value)
    return load(MonitorSettings)


def test_every_variable_is_a_setting_with_a_value_it_may_have(built: Built, settings: MonitorSettings) -> None:
    """A setting that was renamed, or a value that the monitor would refuse at start, is found here."""
    assert set(built.settings) <= {name.upper() for name in MonitorSettings.model_fields}
    assert "env" not in built.container, "settings are in the ConfigMap, where they can be compared"
    assert built.container["args"] == ["monitor"]
    assert built.pod["terminationGracePeriodSeconds"] >= settings.shutdown_grace + 5


def test_one_replica_judges(built: Built) -> None:
    """The old one has ended before a new one begins, and nothing scales it: people hear of a finding once."""
    spec = built.deployment["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    scaled = [found["spec"]["scaleTargetRef"]["name"] for found in built.all("ScaledObject")]
    scaled += [found["spec"]["scaleTargetRef"]["name"] for found in built.all("HorizontalPodAutoscaler")]
    assert built.deployment["metadata"]["name"] not in scaled


def test_a_lost_disk_is_no_loss(built: Built, settings: MonitorSettings) -> None:
    """What is known of series is in a bucket, and the pod writes to no disk at all."""
    assert settings.monitor_state.startswith("s3://")
    assert all(mount.get("readOnly") for mount in built.container["volumeMounts"])


def test_secrets_are_in_a_secret(built: Built) -> None:
    """Who is told, and the key for labels, are read from a Secret that the manifests name and do not hold."""
    [mounted] = [volume["secret"]["secretName"] for volume in built.pod["volumes"] if "secret" in volume]
    [folder] = [mount["mountPath"] for mount in built.container["volumeMounts"] if mount["name"] == "notices"]

    assert mounted == "event-monitor-notices"
    assert all(built.settings[name].startswith(f"@{folder}/") for name in SECRETS)
    assert built.all("Secret") == []


def test_a_stage_is_otherwise_the_same_with_it(built: Built, stage: str) -> None:
    """What is there without a monitor is there with it, unchanged."""
    without = build_delivery(stage).manifests
    added = [found for found in built.manifests if found not in without]

    assert [found for found in without if found not in built.manifests] == []
    assert {found["kind"] for found in added} == {
        *("ConfigMap", "Deployment", "NetworkPolicy", "PodMonitor", "ServiceAccount")
    }
    assert all(found["metadata"]["name"].startswith("event-monitor") for found in added)


def test_names_are_those_of_the_stage(settings: MonitorSettings, stage: str) -> None:
    """Who makes stream and bucket with deploy/terraform finds them in the settings."""
    name = f"event-processor-{stage}"

    assert settings.metrics_stream == f"{name}-quality-metrics"
    assert settings.monitor_state == f"s3://{name}-lake/monitor"
    assert settings.rejects_queue == f"{name}-monitor-rejects"
    assert f'region = "{settings.aws_region}"' in (TERRAFORM / "environments" / f"{stage}.tfvars").read_text()


def test_it_may_be_reached_and_asked(built: Built, settings: MonitorSettings) -> None:
    """It listens where probes and Prometheus ask, and only Prometheus is let in."""
    assert built.container["ports"] == [{"name": "metrics", "containerPort": settings.metrics_port}]
    assert settings.metrics_port == MonitorSettings.model_fields["metrics_port"].default
    assert settings.metrics_host == "0.0.0.0"
    [scrape] = built.named("NetworkPolicy", "event-monitor")["spec"]["ingress"]
    assert scrape["ports"] == [{"port": settings.metrics_port, "protocol": "TCP"}]
    assert scrape["from"]


def test_selectors_take_its_pods_and_no_others(built: Built) -> None:
    """Neither side's Deployment, policy or monitor takes pods of the other."""
    mine = built.deployment["spec"]["template"]["metadata"]["labels"]
    others = [labels for labels in pods(built) if labels != mine]
    assert len(others) == 5

    selectors = [built.deployment["spec"]["selector"]]
    selectors += [built.named(kind, "event-monitor")["spec"][field] for kind, field in FIELDS.items()]
    assert all(selects(selector, mine) for selector in selectors)
    assert not any(selects(selector, labels) for selector in selectors for labels in others)


def test_it_has_a_role_of_its_own(built: Built, stage: str) -> None:
    """It may not do what others may."""
    accounts = {found["metadata"]["name"]: found["metadata"]["annotations"] for found in built.all("ServiceAccount")}
    roles = {name: annotations["eks.amazonaws.com/role-arn"] for name, annotations in accounts.items()}

    assert built.pod["serviceAccountName"] == "event-monitor"
    assert re.fullmatch(rf"arn:aws:iam::\d{{12}}:role/event-processor-{stage}-monitor", roles["event-monitor"])
    assert len(set(roles.values())) == len(roles)


def test_the_pod_can_do_nothing_but_its_work(built: Built, stage: str) -> None:
    """As the processor's, from the same image, with the memory that its series need."""
    processor = build(stage)

    for field in ("securityContext", "automountServiceAccountToken", "enableServiceLinks"):
        assert built.pod[field] == processor.pod[field]
    for field in ("securityContext", "image"):
        assert built.container[field] == processor.container[field]
    assert bytes_of(built.container["resources"]["requests"]["memory"]) >= 256 << 20
