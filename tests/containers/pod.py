"""The pod of deploy/kubernetes as a container: user, rights, limits, settings, probes and grace of the manifest."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException
from urllib.request import urlopen
from uuid import uuid4

from tests.containers.docker import docker, inspect
from tests.containers.project import address
from tests.kubernetes import Built, bytes_of, cores_of

_AWS = ("--env=AWS_ACCESS_KEY_ID=any", "--env=AWS_SECRET_ACCESS_KEY=any")  # in a pod they are those of its role


def rights(built: Built) -> list[str]:
    """Options of `docker run`. RuntimeDefault is what Docker does unless told otherwise."""
    pod, container = built.pod["securityContext"], built.container["securityContext"]
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    options = [f"--user={pod['runAsUser']}:{pod['runAsGroup']}"]
    options += ["--read-only"] * container["readOnlyRootFilesystem"]
    options += ["--security-opt=no-new-privileges"] * (not container["allowPrivilegeEscalation"])
    return options + [f"--cap-drop={name}" for name in container["capabilities"]["drop"]]


def limits(built: Built) -> list[str]:
    """Memory without swap, and CPU."""
    most = built.container["resources"]["limits"]
    memory = bytes_of(most["memory"])
    return [f"--memory={memory}", f"--memory-swap={memory}", f"--cpus={cores_of(most['cpu'])}"]


class Pod:
    """The container, and what the kubelet does with it."""

    def __init__(self, built: Built, container: str) -> None:
        self._built = built
        self.container = container

    def probe(self, name: str) -> bool:
        """One question of a probe."""
        probe = self._built.container[f"{name}Probe"]
        [port] = [p["containerPort"] for p in self._built.container["ports"] if p["name"] == probe["httpGet"]["port"]]
        url = f"http://{address(self.container, port)}{probe['httpGet']['path']}"
        try:
            with urlopen(url, timeout=probe["timeoutSeconds"]) as answer:
                return bool(HTTPStatus.OK <= answer.status < HTTPStatus.BAD_REQUEST)
        except (OSError, HTTPException):  # Docker listens on the port before the pod does
            return False

    def probe_until(self, name: str, wanted: bool, seconds: float) -> bool:
        """Ask as often as the probe says, until so many answers in a row are as wanted; whether that was in time."""
        probe, in_a_row = self._built.container[f"{name}Probe"], 0
        needed = 1 if wanted else probe["failureThreshold"]
        deadline = time.monotonic() + seconds
        while in_a_row < needed and time.monotonic() < deadline:
            in_a_row = in_a_row + 1 if self.probe(name) == wanted else 0
            time.sleep(probe["periodSeconds"] if in_a_row < needed else 0)
        return in_a_row >= needed

    def allowed_seconds(self, name: str) -> float:
        """How long a probe may fail."""
        probe = self._built.container[f"{name}Probe"]
        return float(probe["periodSeconds"] * probe["failureThreshold"])

    def stop(self) -> tuple[int, float]:
        """SIGTERM, and SIGKILL after the grace period. Exit code, and the share of the period that was used."""
        grace = self._built.pod["terminationGracePeriodSeconds"]
        began = time.monotonic()
        docker("stop", "-t", str(grace), self.container)
        return int(inspect(self.container)["State"]["ExitCode"]), (time.monotonic() - began) / grace


class Cluster:
    """A network with local_aws in it, and pods."""

    def __init__(self, built: Built, image: str, network: str) -> None:
        self._built, self._image, self._network = built, image, network
        self._settings = [f"--env={name}={value}" for name, value in built.settings.items()]

    @contextmanager
    def aws(self, *flags: str) -> Iterator[str]:
        """The emulator, with queues and stream of the stage."""
        program = ["--entrypoint=python", self._image, "-m", "local_aws", "--host", "0.0.0.0", *flags]
        with self._running("--network-alias=aws", "--read-only", "--cap-drop=ALL", *program) as container:
            self.run("for n in 1 2 3 4 5; do event-processor provision && exit; sleep 2; done; exit 1")
            yield container

    @contextmanager
    def pod(self, **settings: str) -> Iterator[Pod]:
        """One, with other values of some settings."""
        given = [*self._environment(), *(f"--env={name}={value}" for name, value in settings.items())]
        options = [*rights(self._built), *limits(self._built), *given, "--publish=127.0.0.1::8000"]
        with self._running(*options, self._image, *self._built.container["args"]) as container:
            yield Pod(self._built, container)

    def run(self, script: str) -> str:
        """What a script says that has all programs of the image, and must succeed."""
        options = ["--rm", f"--network={self._network}", "--tmpfs=/tmp", *self._environment()]
        return docker("run", *options, "--entrypoint=sh", self._image, "-c", script)

    def _environment(self) -> list[str]:
        return [*self._settings, *_AWS, "--env=AWS_ENDPOINT_URL=http://aws:4566"]

    @contextmanager
    def _running(self, *arguments: str) -> Iterator[str]:
        container = docker("run", "--detach", f"--network={self._network}", *arguments)
        try:
            yield container
        finally:
            docker("rm", "--force", "--volumes", container)


@contextmanager
def cluster(built: Built, image: str) -> Iterator[Cluster]:
    """Nothing of it is left."""
    network = f"event-processor-test-{uuid4().hex[:8]}"
    docker("network", "create", network)
    try:
        yield Cluster(built, image, network)
    finally:
        docker("network", "rm", network)
