"""The pod of deploy/kubernetes at work: with its rights and limits it does all it must, and its probes tell."""

from collections.abc import Iterator

import pytest

from tests.containers.docker import attempt, docker, inspect
from tests.containers.pod import Cluster, cluster
from tests.containers.project import published
from tests.kubernetes import Built, build, bytes_of

pytestmark = pytest.mark.timeout(900)

KILLED = 137
SEND = "sensor-fleet run --submissions 2000 --rate 0 --seed 1 --manifest /tmp/manifest"
AUDIT = "sensor-fleet audit --manifest /tmp/manifest --wait 120"


@pytest.fixture(scope="module")
def built() -> Built:
    """What production runs."""
    return build("production")


@pytest.fixture
def in_cluster(built: Built, image: str) -> Iterator[Cluster]:
    """Where pods run."""
    with cluster(built, image) as made:
        yield made


def test_does_its_work_with_the_rights_and_limits_of_the_pod(built: Built, in_cluster: Cluster) -> None:
    """Nobody's user, no capability, the default filter: it starts, is ready, publishes all events, and ends well."""
    with in_cluster.aws(), in_cluster.pod() as pod:
        assert pod.probe_until("startup", True, pod.allowed_seconds("startup"))
        assert pod.probe_until("readiness", True, built.deployment["spec"]["progressDeadlineSeconds"])

        status = docker("exec", pod.container, "cat", "/proc/1/status")
        rights = (
            "Uid:\t10001",
            "CapEff:\t0000000000000000",
            "CapBnd:\t0000000000000000",
            "NoNewPrivs:\t1",
            "Seccomp:\t2",
        )
        assert [line for line in rights if line not in status] == []
        assert attempt("docker", "exec", pod.container, "touch", "/data/file")[0] != 0

        in_cluster.run(f"{SEND} >&2 && {AUDIT}")
        assert published(pod.container) > 2000
        peak = docker("exec", pod.container, "grep", "VmHWM", "/proc/1/status").split()[1]
        assert int(peak) * 1024 < bytes_of(built.container["resources"]["requests"]["memory"])
        assert pod.probe("liveness")

        code, share = pod.stop()
        assert (code, inspect(pod.container)["State"]["OOMKilled"]) == (0, False)
        assert share < 1


def test_a_pod_that_waits_for_its_queue_is_left_alone(in_cluster: Cluster) -> None:
    """Without AWS it is alive and not ready: no restart, and a rollout that goes no further."""
    with in_cluster.pod() as pod:
        assert pod.probe_until("startup", True, pod.allowed_seconds("startup"))

        assert pod.probe_until("readiness", False, 60)
        assert not pod.probe_until("liveness", False, pod.allowed_seconds("liveness") + 1)


def test_a_stuck_pod_is_found_and_ends_before_it_is_killed(in_cluster: Cluster) -> None:
    """Puts fail for ever: liveness fails after UNFINISHED_LIMIT. With AWS gone, too, it still ends within the grace."""
    with in_cluster.aws("--fail-call", "1", "--fail-operations", "PutRecords") as aws:
        with in_cluster.pod(UNFINISHED_LIMIT="5") as pod:
            assert pod.probe_until("readiness", True, 60)
            in_cluster.run(SEND)

            assert pod.probe_until("liveness", False, 5 + pod.allowed_seconds("liveness") + 60)
            docker("pause", aws)
            code, share = pod.stop()

        docker("unpause", aws)
    assert code == 1, "some could not be given back, and it says so" if code != KILLED else "it was killed"
    assert share < 1
