"""The manifests of deploy/kubernetes fit the processor: its settings, metrics, alerts, probes, limits and sizing."""

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from event_processor.commands.estimate import measured
from event_processor.estimate.capacity import SHARD_RECORDS_PER_SECOND, Capacity, capacity_for
from event_processor.estimate.load import LARGEST_MESSAGE_BYTES, Load
from event_processor.settings.submissions import SubmissionsSettings
from tests.kubernetes import STAGES, Built, build, bytes_of, cores_of, pods, selects
from tests.promql import Query, Samples, rules
from tools.kubernetes_rules import MANIFEST, RULES, manifest

DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"
TERRAFORM = DOCKERFILE.parent / "deploy" / "terraform"
LOAD = Load(5_000)  # the column "medium" of docs/sizing.md
BY_DIGEST = re.compile(r"[\w.-]+(/[\w.-]+)*@sha256:[0-9a-f]{64}")
PROBE_SECONDS = 1  # no probe waits longer, however busy the port is (benchmarks/probes)
ZERO_REPLICAS = "test"  # the only stage that may have none


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage."""
    return str(request.param)


@pytest.fixture
def built(stage: str) -> Built:
    """Its manifests, without a canary."""
    return build(stage)


@pytest.fixture
def with_canary(stage: str) -> Built:
    """Its manifests, with one."""
    return build(stage, with_canary=True)


def _capacity() -> Capacity:
    return capacity_for(LOAD, measured())


def _settings(built: Built, monkeypatch: pytest.MonkeyPatch) -> SubmissionsSettings:
    for name, value in built.settings.items():
        monkeypatch.setenv(name, value)
    return SubmissionsSettings()


def _trigger(built: Built) -> dict[str, str]:
    [trigger] = built.one("ScaledObject")["spec"]["triggers"]
    assert trigger["type"] == "aws-sqs-queue"
    return dict(trigger["metadata"])


def test_every_variable_is_a_setting_with_a_value_it_may_have(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that was renamed, or a value that the processor would refuse at start, is found here."""
    known = {name.upper() for name in SubmissionsSettings.model_fields}

    assert set(built.settings) <= known
    assert _settings(built, monkeypatch).queue_name == built.settings["QUEUE_NAME"]
    assert "env" not in built.container, "settings are in the ConfigMap, where they can be compared"


def test_stages_differ_only_where_they_should() -> None:
    """What was tested in staging is what production runs: other names, accounts and numbers of replicas, no more."""

    def without_names(stage: str) -> Any:
        text = yaml.safe_dump(build(stage).manifests)
        text = re.sub(r"event-processor-[0-9a-z]{10}\b", "HASH", text.replace(stage, "STAGE"))
        text = re.sub(r"\d{12}", "ACCOUNT", text)
        return re.sub(r"(minReplicaCount|maxReplicaCount|replicas|shards): .*", r"\1: N", text)

    assert without_names("staging") == without_names("production")
    assert build("test").settings.keys() == build("production").settings.keys()


def test_replicas_are_rolled_when_a_setting_changes(with_canary: Built) -> None:
    """Both Deployments take their settings from one ConfigMap, whose name changes with its content."""
    name = with_canary.one("ConfigMap")["metadata"]["name"]
    containers = [found["spec"]["template"]["spec"]["containers"][0] for found in with_canary.all("Deployment")]

    assert re.fullmatch(r"event-processor-[0-9a-z]{10}", name)
    assert [container["envFrom"] for container in containers] == [[{"configMapRef": {"name": name}}]] * 2


def test_images_are_named_by_digest(with_canary: Built) -> None:
    """No tag, which may be another image tomorrow; the canary's is another one than that of the others."""
    images = [found["spec"]["template"]["spec"]["containers"][0]["image"] for found in with_canary.all("Deployment")]

    assert all(BY_DIGEST.fullmatch(image) for image in images)
    assert len(set(images)) == 2


def test_the_pod_can_do_nothing_but_its_work(built: Built) -> None:
    """Nobody's user, no capability, a read-only disk, the runtime's own filter of system calls, no token but AWS's."""
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert user

    assert built.pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": int(user[1]),
        "runAsGroup": int(user[2]),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert built.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert built.pod["automountServiceAccountToken"] is False
    assert "volumes" not in built.pod
    assert built.one("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_it_may_be_reached_and_asked(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor listens where probes and Prometheus ask, on the port that is named metrics."""
    settings = _settings(built, monkeypatch)
    [port] = built.container["ports"]

    assert port == {"name": "metrics", "containerPort": settings.metrics_port}
    assert settings.metrics_host == "0.0.0.0"
    probes = {name: probe for name, probe in built.container.items() if name.endswith("Probe")}
    assert {name: probe["httpGet"] for name, probe in probes.items()} == {
        "startupProbe": {"path": "/livez", "port": "metrics"},
        "livenessProbe": {"path": "/livez", "port": "metrics"},
        "readinessProbe": {"path": "/readyz", "port": "metrics"},
    }


def test_probes_fit_what_they_ask(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy port is no failure, a stuck replica is restarted soon after UNFINISHED_LIMIT, and starting takes time."""
    settings = _settings(built, monkeypatch)
    startup, live, ready = (built.container[f"{name}Probe"] for name in ("startup", "liveness", "readiness"))

    def seconds(probe: dict[str, int]) -> int:
        return probe["periodSeconds"] * probe["failureThreshold"]

    assert all(probe["timeoutSeconds"] > PROBE_SECONDS for probe in (startup, live, ready))
    assert live["failureThreshold"] >= 3
    assert seconds(live) <= settings.unfinished_limit / 10
    assert seconds(startup) >= 60
    assert seconds(ready) < built.deployment["spec"]["minReadySeconds"]
    assert built.deployment["spec"]["progressDeadlineSeconds"] > (
        seconds(startup) + built.deployment["spec"]["minReadySeconds"]
    )


def test_there_is_time_to_give_everything_back(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes kills later than SHUTDOWN_GRACE ends, which itself is longer than an open receive; nothing cuts it."""
    settings = _settings(built, monkeypatch)

    assert built.pod["terminationGracePeriodSeconds"] >= settings.shutdown_grace + 5
    assert settings.shutdown_grace > settings.wait_time + 5
    assert settings.unfinished_limit > settings.shutdown_grace
    assert "lifecycle" not in built.container
    assert "terminationGracePeriodSeconds" not in built.container["livenessProbe"]


def test_requests_and_limits_are_those_of_the_sizing_page(built: Built, stage: str) -> None:
    """One core, the memory that was measured, and room for the largest submissions that SQS takes."""
    resources = built.container["resources"]
    largest = capacity_for(Load(1, record_bytes=LARGEST_MESSAGE_BYTES * 3 // 4, events_per_submission=1), measured())

    assert bytes_of(resources["requests"]["memory"]) == _capacity().memory_bytes
    assert bytes_of(resources["limits"]["memory"]) >= largest.memory_bytes
    assert cores_of(resources["limits"]["cpu"]) == 1
    assert cores_of(resources["requests"]["cpu"]) == (0.25 if stage == ZERO_REPLICAS else 1)


def test_replicas_follow_the_backlog(built: Built) -> None:
    """A replica is added for each `backlog-seconds` of work of one, in flight included, as docs/sizing.md says."""
    scaled = built.one("ScaledObject")
    seconds = float(scaled["metadata"]["annotations"]["backlog-seconds"])
    cores = cores_of(built.container["resources"]["requests"]["cpu"])
    a_replica = _capacity().events_per_second_a_replica / LOAD.events_per_submission * cores
    length = int(_trigger(built)["queueLength"])

    assert 0.9 * a_replica * seconds <= length <= a_replica * seconds
    assert _trigger(built)["scaleOnInFlight"] == "true"
    most_in_hand = SubmissionsSettings.model_fields["max_in_flight"].default
    assert length > most_in_hand, "what replicas hold would by itself ask for more of them"
    assert scaled["spec"]["scaleTargetRef"] == {"name": built.deployment["metadata"]["name"]}
    assert "replicas" not in built.deployment["spec"], "an apply would undo what KEDA did"


def test_there_are_no_more_replicas_than_the_shards_can_take(built: Built, stage: str) -> None:
    """Beyond that they refuse each other; twice the least may be, for larger events. Only one stage scales to zero."""
    scaled = built.one("ScaledObject")
    shards = int(scaled["metadata"]["annotations"]["shards"])
    least, most = scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"]
    fed = -(-shards * SHARD_RECORDS_PER_SECOND // int(_capacity().events_per_second_a_replica))

    assert least <= most <= max(fed, 2 * least)
    assert (least == 0) == (stage == ZERO_REPLICAS)
    assert scaled["spec"]["fallback"]["replicas"] == most, "KEDA sets just these when it cannot ask, whatever waits"


def test_names_and_shards_are_those_that_terraform_makes(built: Built, stage: str) -> None:
    """Who makes queue and stream with deploy/terraform finds them in the settings, with as many shards."""
    variables = (TERRAFORM / "environments" / f"{stage}.tfvars").read_text()
    name = f"event-processor-{stage}"
    made = {"QUEUE_NAME": f"{name}-submissions", "REJECTS_QUEUE": f"{name}-rejects", "STREAM_NAME": f"{name}-events"}

    assert re.search(rf'^stage *= "{stage}"$', variables, re.MULTILINE)
    assert made.items() <= built.settings.items()
    [shards] = re.findall(r"\bshards = (\d+)", variables)
    assert built.one("ScaledObject")["metadata"]["annotations"]["shards"] == shards
    assert f'region = "{built.settings["AWS_REGION"]}"' in variables


def test_both_platforms_scale_alike(built: Built, stage: str) -> None:
    """A stage on ECS adds a task at the backlog at which Kubernetes adds a replica, and has as many of them at most."""
    variables = (TERRAFORM / "environments" / f"{stage}.tfvars").read_text()
    defaults = (TERRAFORM / "variables.tf").read_text()

    def value(name: str) -> int:
        own = re.search(rf"\b{name} = (\d+)", variables)
        found = own or re.search(rf"\b{name} += optional\(number, (\d+)\)", defaults)
        assert found, name
        return int(found[1])

    scaled = built.one("ScaledObject")
    assert value("backlog_per_task") == int(_trigger(built)["queueLength"])
    assert value("maximum") == scaled["spec"]["maxReplicaCount"]
    assert value("minimum") == max(scaled["spec"]["minReplicaCount"], 1), "target tracking cannot divide by no tasks"


def test_the_queue_that_is_scaled_by_is_the_one_that_is_worked_on(built: Built) -> None:
    """KEDA asks for the queue of the settings, in their region."""
    region, queue = built.settings["AWS_REGION"], built.settings["QUEUE_NAME"]
    url = _trigger(built)["queueURL"]

    assert re.fullmatch(rf"https://sqs\.{region}\.amazonaws\.com/\d{{12}}/{queue}", url)
    assert _trigger(built)["awsRegion"] == region
    authentication = built.one("ScaledObject")["spec"]["triggers"][0]["authenticationRef"]["name"]
    assert built.one("TriggerAuthentication")["metadata"]["name"] == authentication


def test_its_role_is_that_of_the_stage(built: Built, stage: str) -> None:
    """IRSA: the account names a role, and the pods use the account."""
    account = built.one("ServiceAccount")
    role = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]

    assert re.fullmatch(rf"arn:aws:iam::\d{{12}}:role/event-processor-{stage}", role)
    assert built.pod["serviceAccountName"] == account["metadata"]["name"]


def test_all_selectors_take_the_pods_they_are_for(with_canary: Built) -> None:
    """Budget, policy and monitor take both tracks; each Deployment takes its own pods only."""
    both = list(pods(with_canary))

    assert [labels["track"] for labels in both] == ["stable", "canary"]
    fields = {"PodDisruptionBudget": "selector", "NetworkPolicy": "podSelector", "PodMonitor": "selector"}
    for kind, field in fields.items():
        assert all(selects(with_canary.one(kind)["spec"][field], labels) for labels in both), kind
    for deployment in with_canary.all("Deployment"):
        taken = [labels for labels in both if selects(deployment["spec"]["selector"], labels)]
        assert taken == [deployment["spec"]["template"]["metadata"]["labels"]]
    for constraint in with_canary.pod["topologySpreadConstraints"]:
        assert all(selects(constraint["labelSelector"], labels) for labels in both)


def test_the_canary_is_the_same_but_for_its_image(with_canary: Built) -> None:
    """One replica, and what the gate compares: nothing else may explain a difference."""
    stable, canary = (deepcopy(found["spec"]) for found in with_canary.all("Deployment"))
    assert canary.pop("replicas") == 1
    for spec in (stable, canary):
        spec["template"]["spec"]["containers"][0].pop("image")
        spec["selector"]["matchLabels"].pop("track")
        spec["template"]["metadata"]["labels"].pop("track")

    assert canary == stable


def test_scrapes_come_in_and_only_aws_is_reached(built: Built) -> None:
    """In: Prometheus to the port of metrics. Out: DNS, HTTPS, the Pod Identity agent."""
    policy = built.one("NetworkPolicy")["spec"]
    [scrape] = policy["ingress"]

    assert policy["policyTypes"] == ["Ingress", "Egress"]
    port = built.container["ports"][0]["containerPort"]
    assert scrape["ports"] == [{"port": port, "protocol": "TCP"}]
    assert scrape["from"]
    ports = {(port["port"], port["protocol"]) for rule in policy["egress"] for port in rule["ports"]}
    assert ports == {(53, "UDP"), (53, "TCP"), (443, "TCP"), (80, "TCP")}
    [agent] = [rule for rule in policy["egress"] if rule["ports"][0]["port"] == 80]
    assert {to["ipBlock"]["cidr"] for to in agent["to"]} == {"169.254.170.23/32", "fd00:ec2::23/128"}


def test_what_is_scraped_has_the_job_and_the_track_that_are_asked_for(with_canary: Built) -> None:
    """Alerts name a job, the gate a track: both come from labels that the pods have."""
    monitor = with_canary.one("PodMonitor")["spec"]
    named = set(re.findall(r'job="([^"]+)"', RULES.read_text()))

    assert {labels[monitor["jobLabel"]] for labels in pods(with_canary)} <= named
    assert monitor["podTargetLabels"] == ["track"]
    [endpoint] = monitor["podMetricsEndpoints"]
    assert endpoint["port"] == with_canary.container["ports"][0]["name"]
    assert endpoint["path"] == "/metrics"


def test_the_rules_manifest_is_current() -> None:
    """Its rules are those of deploy/prometheus/alerts.yml, comments included; `make docs` fixes it."""
    assert MANIFEST.read_text() == manifest()


def test_alerts_are_the_very_same(built: Built, stage: str, samples: Samples) -> None:
    """Each rule is there unchanged; only where no replica may run, their absence is no alert."""
    found = [rule for group in built.one("PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    expected = [rule for rule in rules() if stage != ZERO_REPLICAS or rule["alert"] != "EventProcessorDown"]

    def as_one_line(rule: dict[str, Any]) -> dict[str, Any]:  # kubectl breaks lines of expressions again
        return rule | {"expr": " ".join(rule["expr"].split())}

    assert list(map(as_one_line, found)) == list(map(as_one_line, expected))
    assert [what for rule in found for what in samples.unknown(Query(rule["alert"], rule["expr"]))] == []


def test_draining_takes_one_replica_at_a_time(built: Built) -> None:
    """And a rolling update none before its successor works."""
    assert built.one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert built.deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
