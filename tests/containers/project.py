"""One compose project of a test's own: brought up, harmed, audited, and taken down to the last volume."""

import json
import os
import re
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from tests.containers.docker import attempt, command, docker, get, inspect, labelled, logs, until

PROCESSOR = "event-processor"
_KINDS = (("ps", "--all"), ("network", "ls"), ("volume", "ls"))


class Project:
    """The services of docker-compose.yaml under a name of their own, on free ports."""

    def __init__(self, compose: Sequence[str], image: str, *files: str, **environment: str) -> None:
        self.name = f"event-processor-test-{uuid4().hex[:8]}"
        self._command = (*compose, *(part for file in files for part in ("-f", file)))
        ours = {"COMPOSE_PROJECT_NAME": self.name, "EVENT_PROCESSOR_IMAGE": image}
        self._environment = (
            os.environ | ours | {"GATEWAY_PORT": "0", "LOCALSTACK_PORT": "0", "PROMETHEUS_PORT": "0"} | environment
        )

    def compose(self, *arguments: str, **environment: str) -> str:
        """Standard output of a compose command that must succeed."""
        return command(*self._command, *arguments, environment=self._environment | environment)

    def scale(self, replicas: int) -> list[str]:
        """Have so many processors, starting those that ended, leaving those that run. Returns their containers."""
        return self._processors(replicas, "--no-recreate")

    def reconfigure(self, **environment: str) -> str:
        """Replace the processors by one with other settings. Returns its container."""
        (only,) = self._processors(1, "--force-recreate", **environment)
        return only

    def _processors(self, replicas: int, how: str, **environment: str) -> list[str]:
        self.compose("up", "-d", "--no-deps", how, "--scale", f"{PROCESSOR}={replicas}", PROCESSOR, **environment)
        return until(lambda: self._healthy(replicas), f"{replicas} healthy processors")

    def _healthy(self, replicas: int) -> list[str]:
        healthy = [each for each in self.containers(PROCESSOR) if _health(each) == "healthy"]
        return healthy if len(healthy) == replicas else []

    def containers(self, service: str) -> list[str]:
        """Ids of a service's containers, also of those that ended; without those of `compose run`."""
        return labelled(("ps", "--all", "--no-trunc"), project=self.name, service=service, oneoff="False")

    def container(self, service: str) -> str:
        """The one container of a service."""
        (only,) = self.containers(service)
        return only

    def cut_off(self, service: str) -> None:
        """Take a service off the network."""
        docker("network", "disconnect", f"{self.name}_default", self.container(service))

    def join(self, service: str) -> None:
        """Put it back, under its name."""
        docker("network", "connect", "--alias", service, f"{self.name}_default", self.container(service))

    def audit(self, *options: str) -> dict[str, Any]:
        """The report on the newest run of the fleet; by default nothing but its events may be on the stream."""
        arguments = (*self._command, "run", "--rm", "-T", "audit", "--wait", "60", "--json", *options)
        code, report, errors = attempt(*arguments, environment=self._environment)
        assert code in {0, 1}, errors
        assert json.loads(report)["passed"] == (code == 0)
        return dict(json.loads(report))

    def prometheus(self, query: str) -> Any:
        """What the API of Prometheus answers."""
        status, body = get(address(self.container("prometheus"), 9090), f"/api/v1/{query}")
        assert status == 200, body
        return json.loads(body)["data"]

    def down(self) -> None:
        """Take everything down."""
        self.compose("--profile", "audit", "down", "--volumes", "--remove-orphans", "--timeout", "5")

    def remains(self) -> list[str]:
        """Whatever is left of containers, networks and volumes."""
        return [found for kind in _KINDS for found in labelled(kind, project=self.name)]

    def logs(self) -> str:
        """The last of what all services said, for a test that failed."""
        return attempt(*self._command, "logs", "--tail=30", environment=self._environment)[1]


def address(container: str, port: int) -> str:
    """Where this machine finds a container's port."""
    return docker("port", container, str(port)).splitlines()[0]


def published(container: str) -> int:
    """How many events a processor has published so far."""
    _, text = get(address(container, 8000), "/metrics")
    counts = re.findall(r"^event_processor_events_published_total{[^}]*} (\S+)$", text, re.MULTILINE)
    return int(sum(map(float, counts)))


def says(container: str, text: str, times: int = 1, seconds: float = 60) -> None:
    """Wait until it has said so, so often."""
    until(lambda: logs(container).count(text) >= times, f"{times} x {text!r} from {container[:12]}", seconds)


def _health(container: str) -> str:
    state = inspect(container)["State"]
    return str(state["Health"]["Status"]) if state["Running"] else "not running"
