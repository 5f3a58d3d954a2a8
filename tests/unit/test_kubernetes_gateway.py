"""The gateway's manifests: replicas behind a Service, and nothing else of the stage is another with them."""

import re
from pathlib import Path

import pytest

from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.loading import load
from event_processor.settings.streams_file import read_streams
from tests.kubernetes import STAGES, Built, build, build_gateway, build_inspector, pods, selects
from tests.unit.test_kubernetes import TERRAFORM
from tools.kubernetes_rules import RULES

FIELDS = {"NetworkPolicy": "podSelector", "PodDisruptionBudget": "selector", "PodMonitor": "selector"}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage."""
    return str(request.param)


@pytest.fixture
def built(stage: str) -> Built:
    """Its manifests with a gateway, beside an inspector and a canary of the processor."""
    return build_gateway(stage)


@pytest.fixture
def settings(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatewaySettings:
    """As the pod would read them, with its streams file in a folder of the test."""
    (tmp_path / "streams").mkdir()
    streams = built.named("ConfigMap", "event-gateway-streams")["data"]["streams.yaml"]
    (tmp_path / "streams" / "streams.yaml").write_text(streams)
    for name, value in built.settings.items():
        monkeypatch.setenv(name, value.replace("/run/streams/", f"{tmp_path}/streams/"))
    return load(GatewaySettings)


def test_every_variable_is_a_setting_with_a_value_it_may_have(built: Built, settings: GatewaySettings) -> None:
    """A setting that was renamed, or a value that the gateway would refuse at start, is found here."""
    assert set(built.settings) <= {name.upper() for name in GatewaySettings.model_fields}
    assert settings.gateway_keys == built.settings["GATEWAY_KEYS"]
    assert "env" not in built.container, "settings are in the ConfigMap, where they can be compared"
    assert built.container["args"] == ["gateway"]


def test_keys_are_a_secret_that_is_made_by_hand(built: Built) -> None:
    """No key is in a manifest, and until there is one the pod does not start."""
    mounts = {mount["mountPath"]: mount["name"] for mount in built.container["volumeMounts"]}
    [secret] = [volume for volume in built.pod["volumes"] if "secret" in volume]

    assert secret["secret"] == {"secretName": "event-gateway-keys"}
    assert built.settings["GATEWAY_KEYS"].startswith(f"{next(p for p, n in mounts.items() if n == secret['name'])}/")
    assert all(mount["readOnly"] for mount in built.container["volumeMounts"])
    assert built.all("Secret") == []


def test_a_replica_that_goes_is_not_sent_any_more(built: Built, settings: GatewaySettings) -> None:
    """Its readiness has failed before it refuses connections, what is in hand then has time, and nothing is killed."""
    readiness = built.container["readinessProbe"]

    assert settings.gateway_drain > readiness["periodSeconds"] * readiness["failureThreshold"]
    assert settings.shutdown_grace - settings.gateway_drain > settings.gateway_deadline
    assert built.pod["terminationGracePeriodSeconds"] >= settings.shutdown_grace + 5


def test_there_are_always_two(built: Built) -> None:
    """Clients are answered while one goes, in a rollout, a drain of a node, or by itself."""
    scaler = built.named("HorizontalPodAutoscaler", "event-gateway")["spec"]

    assert scaler["minReplicas"] >= 2
    assert scaler["scaleTargetRef"]["name"] == built.deployment["metadata"]["name"]
    assert "replicas" not in built.deployment["spec"]
    assert built.deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert built.named("PodDisruptionBudget", "event-gateway")["spec"]["maxUnavailable"] == 1


def test_a_stage_is_otherwise_the_same_with_it(built: Built, stage: str) -> None:
    """What is there without a gateway is there with it, unchanged."""
    without = build_inspector(stage).manifests

    assert [found for found in without if found not in built.manifests] == []
    assert all(
        found["metadata"]["name"].startswith("event-gateway") for found in built.manifests if found not in without
    )


def test_names_are_those_that_terraform_makes(settings: GatewaySettings, stage: str) -> None:
    """Who makes streams, table and queue with deploy/terraform finds them in the settings."""
    name = f"event-processor-{stage}"

    assert settings.contracts == f"dynamodb:{name}-contracts"
    assert settings.rejects_queue == f"{name}-stream-rejects"
    assert list(read_streams(settings.streams_file)) == [f"{name}-segment"]
    assert f'region = "{settings.aws_region}"' in (TERRAFORM / "environments" / f"{stage}.tfvars").read_text()


def test_it_may_be_reached_and_asked(built: Built, settings: GatewaySettings) -> None:
    """The Service sends to where it listens; clients and Prometheus are let in, each to its port."""
    ports = {port["name"]: port["containerPort"] for port in built.container["ports"]}
    [door] = built.named("Service", "event-gateway")["spec"]["ports"]
    allowed = [rule["ports"][0]["port"] for rule in built.named("NetworkPolicy", "event-gateway")["spec"]["ingress"]]

    assert ports == {"metrics": settings.metrics_port, "door": settings.gateway_port}
    assert door["targetPort"] == "door"
    assert set(allowed) == set(ports.values())
    assert settings.gateway_host == settings.metrics_host == "0.0.0.0"


def test_it_reaches_what_the_processor_reaches(built: Built) -> None:
    """DNS, the Pod Identity agent, and HTTPS to AWS."""
    mine, processors = (built.named("NetworkPolicy", f"event-{who}")["spec"] for who in ("gateway", "processor"))

    assert mine["egress"] == processors["egress"]
    assert mine["policyTypes"] == ["Ingress", "Egress"]


def test_selectors_take_its_pods_and_no_others(built: Built) -> None:
    """Neither side's Deployment, Service, policy, monitor or budget takes pods of the other."""
    mine = built.deployment["spec"]["template"]["metadata"]["labels"]
    others = [labels for labels in pods(built) if labels != mine]
    assert len(others) == 3

    selectors = [built.deployment["spec"]["selector"]]
    selectors += [{"matchLabels": built.named("Service", "event-gateway")["spec"]["selector"]}]
    selectors += [built.named(kind, "event-gateway")["spec"][field] for kind, field in FIELDS.items()]
    selectors += [spread["labelSelector"] for spread in built.pod["topologySpreadConstraints"]]
    assert all(selects(selector, mine) for selector in selectors)
    assert not any(selects(selector, labels) for selector in selectors for labels in others)
    theirs = [built.named(kind, "event-processor")["spec"][field] for kind, field in FIELDS.items()]
    assert not any(selects(selector, mine) for selector in theirs)


def test_what_is_scraped_has_the_job_that_alerts_name(built: Built) -> None:
    """Alerts about the gateway find it."""
    monitor = built.named("PodMonitor", "event-gateway")["spec"]
    labels = built.deployment["spec"]["template"]["metadata"]["labels"]

    assert f'job="{labels[monitor["jobLabel"]]}"' in RULES.read_text()
    assert monitor["podMetricsEndpoints"][0]["port"] == "metrics"


def test_it_has_a_role_and_an_image_of_its_own(built: Built, stage: str) -> None:
    """It may not do what the processor may, and has what the processor's image has not; by digest, too."""
    accounts = {found["metadata"]["name"]: found["metadata"]["annotations"] for found in built.all("ServiceAccount")}

    assert built.pod["serviceAccountName"] == "event-gateway"
    role = accounts["event-gateway"]["eks.amazonaws.com/role-arn"]
    assert re.fullmatch(rf"arn:aws:iam::\d{{12}}:role/event-processor-{stage}-gateway", role)
    assert re.search(r"@sha256:[0-9a-f]{64}$", built.container["image"])
    assert built.container["image"] != build(stage).container["image"]


def test_the_pod_can_do_nothing_but_its_work(built: Built, stage: str) -> None:
    """As the processor's."""
    processor = build(stage)

    for field in ("securityContext", "automountServiceAccountToken", "enableServiceLinks"):
        assert built.pod[field] == processor.pod[field]
    assert built.container["securityContext"] == processor.container["securityContext"]


def test_stages_differ_only_in_names() -> None:
    """What was tested in staging is what production runs."""

    def without_names(stage: str) -> str:
        mine = [m for m in build_gateway(stage).manifests if m["metadata"]["name"].startswith("event-gateway")]
        text = re.sub(r"(event-gateway[a-z-]*)-[0-9a-z]{10}\b", r"\1-HASH", str(mine).replace(stage, "STAGE"))
        return re.sub(r"\d{12}|sha256:\w+", "X", text)

    assert without_names("staging") == without_names("production")
