"""The manifests of the jobs beside the processor: each is there where a stage wants it, and nothing else is another."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.loading import load
from event_processor.settings.monitor import MonitorSettings
from event_processor.settings.streams_file import read_streams
from tests.kubernetes import JOBS, STAGES, Built, build, build_job, bytes_of, pods, selects
from tests.unit.test_kubernetes import BY_DIGEST, TERRAFORM
from tools.kubernetes_rules import RULES

AnySettings = GatewaySettings | InspectionSettings | DeliverySettings | MonitorSettings
S = TypeVar("S", bound=AnySettings)

SECRETS: Final = {"NOTICES": "slack:https://hooks.slack.com/services/x", "MONITOR_KEY": "a key of sixteen characters"}
FIELDS: Final = {"NetworkPolicy": "podSelector", "PodDisruptionBudget": "selector", "PodMonitor": "selector"}
KINDS: Final = frozenset({"ConfigMap", "Deployment", "NetworkPolicy", "PodMonitor", "ServiceAccount"})
SERVING: Final = frozenset({"HorizontalPodAutoscaler", "PodDisruptionBudget", "Service"})


@dataclass(frozen=True)
class Job:
    """What is another with each. `least_bytes` of memory are what the benchmarks say that it needs."""

    command: str
    settings: type[AnySettings]
    role: str
    least_bytes: int
    is_one: bool = True  # replica at most
    has_own_image: bool = False


PROPERTIES: Final = {
    "inspector": Job("inspect", InspectionSettings, "segment-inspector", 200_000_000),  # with 1,000 contracts
    "gateway": Job("gateway", GatewaySettings, "gateway", 0, is_one=False, has_own_image=True),
    "lake": Job("deliver", DeliverySettings, "lake", 256 << 20, has_own_image=True),  # four streams of 16 shards
    "monitor": Job("monitor", MonitorSettings, "monitor", 256 << 20),
}
ONES: Final = [name for name, job in PROPERTIES.items() if job.is_one]


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage."""
    return str(request.param)


@pytest.fixture(params=JOBS)
def name(request: pytest.FixtureRequest) -> str:
    """Each job, or those that a test names."""
    return str(request.param)


@pytest.fixture
def job(name: str) -> Job:
    """What is another with it."""
    return PROPERTIES[name]


@pytest.fixture
def built(name: str, stage: str) -> Built:
    """The stage's manifests with the job, beside a canary of the processor and the jobs before it."""
    return build_job(name, stage)


@pytest.fixture
def read(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[type[S]], S]:
    """Settings as the pod would read them, with its files in a folder of the test, and secrets of the test."""
    for path, content in _files(built):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    for name, value in built.settings.items():
        monkeypatch.setenv(name, SECRETS[name] if value.startswith("@") else value.replace("/run/", f"{tmp_path}/run/"))
    return load


def _files(built: Built) -> Iterator[tuple[str, str]]:
    """What is mounted of ConfigMaps, by path below the root."""
    maps = {found["metadata"]["name"]: found["data"] for found in built.all("ConfigMap")}
    for path, volume in _mounted(built).items():
        for file, content in maps[volume["configMap"]["name"]].items() if "configMap" in volume else ():
            yield f"{path}/{file}".lstrip("/"), content


def _mounted(built: Built) -> Mapping[str, dict[str, Any]]:
    volumes = {volume["name"]: volume for volume in built.pod["volumes"]}
    return {mount["mountPath"]: volumes[mount["name"]] for mount in built.container["volumeMounts"]}


def _labels(built: Built) -> dict[str, str]:
    return dict(built.deployment["spec"]["template"]["metadata"]["labels"])


def test_every_variable_is_a_setting_with_a_value_it_may_have(
    built: Built, job: Job, stage: str, read: Callable[[type[AnySettings]], AnySettings]
) -> None:
    """A setting that was renamed, or a value or file that the job would refuse at start, is found here."""
    settings = read(job.settings)

    assert set(built.settings) <= {name.upper() for name in job.settings.model_fields}
    assert "env" not in built.container, "settings are in the ConfigMap, where they can be compared"
    assert built.container["args"] == [job.command]
    assert built.pod["terminationGracePeriodSeconds"] >= settings.shutdown_grace + 5
    assert f'region = "{settings.aws_region}"' in (TERRAFORM / "environments" / f"{stage}.tfvars").read_text()


@pytest.mark.parametrize("name", ONES, indirect=True)
def test_one_replica_does_it(built: Built) -> None:
    """The old one has ended before a new one begins, so no rollout ends with an alarm, and nothing scales it."""
    spec = built.deployment["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    scalers = [*built.all("ScaledObject"), *built.all("HorizontalPodAutoscaler")]
    assert built.deployment["metadata"]["name"] not in [found["spec"]["scaleTargetRef"]["name"] for found in scalers]


def test_a_stage_is_otherwise_the_same_with_it(built: Built, name: str, job: Job, stage: str) -> None:
    """What is there without the job is there with it, unchanged."""
    before = [None, *JOBS][list(JOBS).index(name)]
    without = (build_job(before, stage) if before else build(stage, with_canary=True)).manifests
    added = [found for found in built.manifests if found not in without]

    assert [found for found in without if found not in built.manifests] == []
    assert {found["kind"] for found in added} == (KINDS if job.is_one else KINDS | SERVING)
    assert all(found["metadata"]["name"].startswith(f"event-{name}") for found in added)


def test_it_may_be_reached_and_asked(
    built: Built, name: str, job: Job, read: Callable[[type[AnySettings]], AnySettings]
) -> None:
    """It listens where probes and Prometheus ask, and only Prometheus is let in, but for the clients of a door."""
    settings = read(job.settings)
    ports = {"metrics": settings.metrics_port}
    if isinstance(settings, GatewaySettings):
        ports["door"] = settings.gateway_port
        assert settings.gateway_host == "0.0.0.0"

    assert {port["name"]: port["containerPort"] for port in built.container["ports"]} == ports
    assert settings.metrics_port == job.settings.model_fields["metrics_port"].default
    assert settings.metrics_host == "0.0.0.0"
    probes = [built.container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")]
    assert [probe["path"] for probe in probes] == ["/livez", "/livez", "/readyz"]
    assert {probe["port"] for probe in probes} == {"metrics"}
    ingress = built.named("NetworkPolicy", f"event-{name}")["spec"]["ingress"]
    assert sorted(each["port"] for rule in ingress for each in rule["ports"]) == sorted(ports.values())
    [scrape] = [rule for rule in ingress if rule["ports"] == [{"port": settings.metrics_port, "protocol": "TCP"}]]
    assert scrape["from"]


def test_it_reaches_what_the_processor_reaches(built: Built, name: str) -> None:
    """DNS, the Pod Identity agent, and HTTPS to AWS; Slack is reached by HTTPS, too."""
    mine, processors = (built.named("NetworkPolicy", f"event-{who}")["spec"] for who in (name, "processor"))

    assert mine["egress"] == processors["egress"]
    assert mine["policyTypes"] == ["Ingress", "Egress"]


def test_selectors_take_its_pods_and_no_others(built: Built, name: str) -> None:
    """Neither side's Deployment, Service, policy, monitor or budget takes pods of the other."""
    mine = _labels(built)
    others = [labels for labels in pods(built) if labels != mine]
    assert len(others) == 2 + list(JOBS).index(name)

    def named(who: str) -> list[Any]:
        return [
            found["spec"][field]
            for kind, field in FIELDS.items()
            for found in built.all(kind)
            if found["metadata"]["name"] == f"event-{who}"
        ]

    selectors = [built.deployment["spec"]["selector"], *named(name)]
    if name == "gateway":
        selectors += [{"matchLabels": built.named("Service", "event-gateway")["spec"]["selector"]}]
        selectors += [spread["labelSelector"] for spread in built.pod["topologySpreadConstraints"]]
    assert all(selects(selector, mine) for selector in selectors)
    assert not any(selects(selector, labels) for selector in selectors for labels in others)
    assert len(named("processor")) == len(FIELDS)
    assert not any(selects(selector, mine) for selector in named("processor"))


def test_what_is_scraped_has_the_job_that_alerts_name(built: Built, name: str) -> None:
    """Alerts about the job find it."""
    monitor = built.named("PodMonitor", f"event-{name}")["spec"]

    assert f'job="{_labels(built)[monitor["jobLabel"]]}"' in RULES.read_text()
    assert monitor["podMetricsEndpoints"][0]["port"] == "metrics"


def test_it_has_a_role_of_its_own_and_the_image_with_what_it_needs(
    built: Built, name: str, job: Job, stage: str
) -> None:
    """Least privilege: it may not do what others may. Images are named by digest."""
    accounts = {found["metadata"]["name"]: found["metadata"]["annotations"] for found in built.all("ServiceAccount")}
    roles = {account: annotations["eks.amazonaws.com/role-arn"] for account, annotations in accounts.items()}

    assert built.pod["serviceAccountName"] == f"event-{name}"
    assert re.fullmatch(rf"arn:aws:iam::\d{{12}}:role/event-processor-{stage}-{job.role}", roles[f"event-{name}"])
    assert len(set(roles.values())) == len(roles)
    image = built.container["image"]
    assert BY_DIGEST.fullmatch(image)
    assert (image == build(stage).container["image"]) is not job.has_own_image
    assert (image == build_job("gateway", stage).container["image"]) is job.has_own_image


def test_the_pod_can_do_nothing_but_its_work(built: Built, job: Job, stage: str) -> None:
    """As the processor's, with the memory that its work needs."""
    processor = build(stage)

    for field in ("securityContext", "automountServiceAccountToken", "enableServiceLinks"):
        assert built.pod[field] == processor.pod[field]
    assert built.container["securityContext"] == processor.container["securityContext"]
    assert bytes_of(built.container["resources"]["requests"]["memory"]) >= job.least_bytes


def test_stages_differ_only_in_names(name: str) -> None:
    """What was tested in staging is what production runs."""

    def without_names(stage: str) -> str:
        mine = [m for m in build_job(name, stage).manifests if m["metadata"]["name"].startswith(f"event-{name}")]
        text = re.sub(rf"(event-{name}[a-z-]*)-[0-9a-z]{{10}}\b", r"\1-HASH", str(mine).replace(stage, "STAGE"))
        return re.sub(r"\d{12}|sha256:\w+", "X", text)

    assert without_names("staging") == without_names("production")


@pytest.mark.parametrize(
    ("name", "secret", "settings"),
    [
        ("inspector", "event-inspector-notices", {"NOTICES": "@"}),
        ("gateway", "event-gateway-keys", {"GATEWAY_KEYS": ""}),
        ("monitor", "event-monitor-notices", {"NOTICES": "@", "MONITOR_KEY": "@"}),
    ],
    indirect=["name"],
)
def test_it_waits_for_the_secret_that_is_made_by_hand(built: Built, secret: str, settings: dict[str, str]) -> None:
    """No key and no URL with a token is in a manifest, and until there is the Secret the pod does not start."""
    [(path, volume)] = [(path, volume) for path, volume in _mounted(built).items() if "secret" in volume]

    assert volume["secret"] == {"secretName": secret}
    assert all(built.settings[setting].startswith(f"{how}{path}/") for setting, how in settings.items())
    assert all(mount["readOnly"] for mount in built.container["volumeMounts"])
    assert built.all("Secret") == []


@pytest.mark.parametrize("name", ["inspector"], indirect=True)
def test_names_of_the_inspector_are_those_that_terraform_makes(
    read: Callable[[type[InspectionSettings]], InspectionSettings], stage: str
) -> None:
    """Who makes stream, tables and queue with deploy/terraform finds them in the settings."""
    settings, made = read(InspectionSettings), (TERRAFORM / "inspection.tf").read_text()
    name = f"event-processor-{stage}"

    assert all(f'"${{local.name}}-{ending}"' in made for ending in ("contracts", "state", "stream-rejects"))
    assert (settings.contracts, settings.state) == (f"dynamodb:{name}-contracts", f"dynamodb:{name}-state")
    assert settings.rejects_queue == f"{name}-stream-rejects"
    assert list(read_streams(settings.streams_file)) == [f"{name}-segment"]


@pytest.mark.parametrize("name", ["gateway"], indirect=True)
def test_names_of_the_gateway_are_those_that_terraform_makes(
    read: Callable[[type[GatewaySettings]], GatewaySettings], stage: str
) -> None:
    """Who makes streams, table and queue with deploy/terraform finds them in the settings."""
    settings, name = read(GatewaySettings), f"event-processor-{stage}"

    assert settings.contracts == f"dynamodb:{name}-contracts"
    assert settings.rejects_queue == f"{name}-stream-rejects"
    assert list(read_streams(settings.streams_file)) == [f"{name}-segment"]


@pytest.mark.parametrize("name", ["gateway"], indirect=True)
def test_a_replica_that_goes_is_not_sent_any_more(
    built: Built, read: Callable[[type[GatewaySettings]], GatewaySettings]
) -> None:
    """Its readiness has failed before it refuses connections, and what is in hand then has time."""
    readiness, settings = built.container["readinessProbe"], read(GatewaySettings)

    assert settings.gateway_drain > readiness["periodSeconds"] * readiness["failureThreshold"]
    assert settings.shutdown_grace - settings.gateway_drain > settings.gateway_deadline


@pytest.mark.parametrize("name", ["gateway"], indirect=True)
def test_there_are_always_two_gateways(built: Built) -> None:
    """Clients are answered while one goes, in a rollout, a drain of a node, or by itself."""
    scaler = built.named("HorizontalPodAutoscaler", "event-gateway")["spec"]
    [door] = built.named("Service", "event-gateway")["spec"]["ports"]

    assert door["targetPort"] == "door"
    assert scaler["minReplicas"] >= 2
    assert scaler["scaleTargetRef"]["name"] == built.deployment["metadata"]["name"]
    assert "replicas" not in built.deployment["spec"]
    assert built.deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert built.named("PodDisruptionBudget", "event-gateway")["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize("name", ["lake"], indirect=True)
def test_a_lost_disk_of_delivery_is_no_loss(
    built: Built, read: Callable[[type[DeliverySettings]], DeliverySettings], stage: str
) -> None:
    """The lake is a bucket of the stage; on its disk a pod only makes files, in one place of bounded size."""
    settings, name = read(DeliverySettings), f"event-processor-{stage}"
    writable = [mount["mountPath"] for mount in built.container["volumeMounts"] if not mount.get("readOnly")]

    assert settings.lake.startswith(f"s3://{name}-")
    assert settings.contracts == f"dynamodb:{name}-contracts"
    assert not settings.warehouse.startswith("duckdb:")
    assert writable == ["/tmp"]  # noqa: S108 - the pod's own
    assert bytes_of(_mounted(built)[writable[0]]["emptyDir"]["sizeLimit"]) >= 2 * settings.lake_flush_bytes
    [(stream, what)] = read_streams(settings.streams_file).items()
    assert stream == f"{name}-segment"
    assert what.table is not None


@pytest.mark.parametrize("name", ["monitor"], indirect=True)
def test_a_lost_disk_of_the_monitor_is_no_loss(
    read: Callable[[type[MonitorSettings]], MonitorSettings], stage: str
) -> None:
    """What is known of series is in the stage's bucket, and who made stream and queue with Terraform finds them."""
    settings, name = read(MonitorSettings), f"event-processor-{stage}"

    assert settings.metrics_stream == f"{name}-quality-metrics"
    assert settings.monitor_state == f"s3://{name}-lake/monitor"
    assert settings.rejects_queue == f"{name}-monitor-rejects"
