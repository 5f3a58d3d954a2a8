"""The manifests of delivery: one replica for all streams, and nothing else of the stage is another with it."""

import re
from pathlib import Path

import pytest

from event_processor.settings.lake import DeliverySettings
from event_processor.settings.loading import load
from event_processor.settings.streams_file import read_streams
from tests.kubernetes import STAGES, Built, build, build_delivery, build_gateway, bytes_of, pods, selects
from tests.unit.test_kubernetes import TERRAFORM
from tools.kubernetes_rules import RULES

FIELDS = {"NetworkPolicy": "podSelector", "PodMonitor": "selector"}
TOLD_BYTES = 256 << 20  # for four streams of 16 shards each (benchmarks)


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage."""
    return str(request.param)


@pytest.fixture
def built(stage: str) -> Built:
    """Its manifests with a delivery, beside everything else that a stage may have."""
    return build_delivery(stage)


@pytest.fixture
def settings(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeliverySettings:
    """As the pod would read them, with its streams file in a folder of the test."""
    path = tmp_path / "streams.yaml"
    path.write_text(built.named("ConfigMap", "event-lake-streams")["data"]["streams.yaml"])
    for name, value in built.settings.items():
        monkeypatch.setenv(name, value.replace("/run/streams/streams.yaml", str(path)))
    return load(DeliverySettings)


def test_every_variable_is_a_setting_with_a_value_it_may_have(built: Built, settings: DeliverySettings) -> None:
    """A setting that was renamed, or a value that delivery would refuse at start, is found here."""
    assert set(built.settings) <= {name.upper() for name in DeliverySettings.model_fields}
    assert "env" not in built.container, "settings are in the ConfigMap, where they can be compared"
    assert built.container["args"] == ["deliver"]
    assert built.pod["terminationGracePeriodSeconds"] >= settings.shutdown_grace + 5


def test_one_replica_writes_the_lake(built: Built) -> None:
    """The old one has ended before a new one begins, so no rollout ends with an alarm, and nothing scales it."""
    spec = built.deployment["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    scaled = [found["spec"]["scaleTargetRef"]["name"] for found in built.all("ScaledObject")]
    scaled += [found["spec"]["scaleTargetRef"]["name"] for found in built.all("HorizontalPodAutoscaler")]
    assert built.deployment["metadata"]["name"] not in scaled


def test_a_lost_disk_is_no_loss(built: Built, settings: DeliverySettings) -> None:
    """The lake is a bucket; on its disk a pod only makes files, in one place of bounded size."""
    assert settings.lake.startswith("s3://")
    assert not settings.warehouse.startswith("duckdb:")
    volumes = {volume["name"]: volume for volume in built.pod["volumes"]}
    writable = [mount for mount in built.container["volumeMounts"] if not mount.get("readOnly")]

    assert [mount["mountPath"] for mount in writable] == ["/tmp"]  # noqa: S108 - the pod's own
    scratch = volumes[writable[0]["name"]]["emptyDir"]
    assert bytes_of(scratch["sizeLimit"]) >= 2 * settings.lake_flush_bytes


def test_a_stage_is_otherwise_the_same_with_it(built: Built, stage: str) -> None:
    """What is there without a delivery is there with it, unchanged."""
    without = build_gateway(stage).manifests
    added = [found for found in built.manifests if found not in without]

    assert [found for found in without if found not in built.manifests] == []
    assert {found["kind"] for found in added} == {
        *("ConfigMap", "Deployment", "NetworkPolicy", "PodMonitor", "ServiceAccount")
    }
    assert all(found["metadata"]["name"].startswith("event-lake") for found in added)


def test_names_are_those_of_the_stage(settings: DeliverySettings, stage: str) -> None:
    """Who makes streams and table with deploy/terraform finds them in the settings, and no stage has another's lake."""
    name = f"event-processor-{stage}"

    assert settings.contracts == f"dynamodb:{name}-contracts"
    assert settings.lake.startswith(f"s3://{name}-")
    [(stream, what)] = read_streams(settings.streams_file).items()
    assert stream == f"{name}-segment"
    assert what.table is not None
    assert f'region = "{settings.aws_region}"' in (TERRAFORM / "environments" / f"{stage}.tfvars").read_text()


def test_it_may_be_reached_and_asked(built: Built, settings: DeliverySettings) -> None:
    """It listens where probes and Prometheus ask, and only Prometheus is let in."""
    assert built.container["ports"] == [{"name": "metrics", "containerPort": settings.metrics_port}]
    assert settings.metrics_port == DeliverySettings.model_fields["metrics_port"].default
    assert settings.metrics_host == "0.0.0.0"
    probes = [built.container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")]
    assert [(probe["path"], probe["port"]) for probe in probes] == [
        *[("/livez", "metrics")] * 2,
        ("/readyz", "metrics"),
    ]
    [scrape] = built.named("NetworkPolicy", "event-lake")["spec"]["ingress"]
    assert scrape["ports"] == [{"port": settings.metrics_port, "protocol": "TCP"}]
    assert scrape["from"]


def test_it_reaches_what_the_processor_reaches(built: Built) -> None:
    """DNS, the Pod Identity agent, and HTTPS to AWS."""
    mine, processors = (built.named("NetworkPolicy", f"event-{who}")["spec"] for who in ("lake", "processor"))

    assert mine["egress"] == processors["egress"]
    assert mine["policyTypes"] == ["Ingress", "Egress"]


def test_selectors_take_its_pods_and_no_others(built: Built) -> None:
    """Neither side's Deployment, policy or monitor takes pods of the other."""
    mine = built.deployment["spec"]["template"]["metadata"]["labels"]
    others = [labels for labels in pods(built) if labels != mine]
    assert len(others) == 4

    selectors = [built.deployment["spec"]["selector"]]
    selectors += [built.named(kind, "event-lake")["spec"][field] for kind, field in FIELDS.items()]
    assert all(selects(selector, mine) for selector in selectors)
    assert not any(selects(selector, labels) for selector in selectors for labels in others)


def test_what_is_scraped_has_the_job_that_alerts_name(built: Built) -> None:
    """Alerts about delivery find it."""
    monitor = built.named("PodMonitor", "event-lake")["spec"]
    labels = built.deployment["spec"]["template"]["metadata"]["labels"]

    assert f'job="{labels[monitor["jobLabel"]]}"' in RULES.read_text()
    assert monitor["podMetricsEndpoints"][0]["port"] == "metrics"


def test_it_has_a_role_and_the_image_with_duckdb(built: Built, stage: str) -> None:
    """It may not do what others may, and has the image of the gateway; by digest, too."""
    accounts = {found["metadata"]["name"]: found["metadata"]["annotations"] for found in built.all("ServiceAccount")}
    roles = {name: annotations["eks.amazonaws.com/role-arn"] for name, annotations in accounts.items()}

    assert built.pod["serviceAccountName"] == "event-lake"
    assert re.fullmatch(rf"arn:aws:iam::\d{{12}}:role/event-processor-{stage}-lake", roles["event-lake"])
    assert len(set(roles.values())) == len(roles)
    assert re.search(r"@sha256:[0-9a-f]{64}$", built.container["image"])
    assert built.container["image"] == build_gateway(stage).container["image"]


def test_the_pod_can_do_nothing_but_its_work(built: Built, stage: str) -> None:
    """As the processor's, with the memory that its streams need."""
    processor = build(stage)

    for field in ("securityContext", "automountServiceAccountToken", "enableServiceLinks"):
        assert built.pod[field] == processor.pod[field]
    assert built.container["securityContext"] == processor.container["securityContext"]
    assert bytes_of(built.container["resources"]["requests"]["memory"]) >= TOLD_BYTES


def test_stages_differ_only_in_names() -> None:
    """What was tested in staging is what production runs."""

    def without_names(stage: str) -> str:
        mine = [m for m in build_delivery(stage).manifests if m["metadata"]["name"].startswith("event-lake")]
        text = re.sub(r"(event-lake[a-z-]*)-[0-9a-z]{10}\b", r"\1-HASH", str(mine).replace(stage, "STAGE"))
        return re.sub(r"\d{12}|sha256:\w+", "X", text)

    assert without_names("staging") == without_names("production")
