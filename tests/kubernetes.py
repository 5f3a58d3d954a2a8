"""The manifests of deploy/kubernetes, built by kubectl as they would be applied."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[1] / "deploy" / "kubernetes"
STAGES: Final = ("test", "staging", "production")
CANARY: Final = "#canary "  # lines of an overlay that count while a canary runs
JOBS: Final = {
    "inspector": "#inspect ",
    "gateway": "#gateway ",
    "lake": "#deliver ",
    "monitor": "#monitor ",
}  # where they are

Manifest = dict[str, Any]


class Built:
    """What `kubectl apply -k` would send."""

    def __init__(self, text: str, name: str = "event-processor") -> None:
        self._name = name
        self.manifests: list[Manifest] = [found for found in yaml.load_all(text, yaml.CSafeLoader) if found]

    def all(self, kind: str) -> list[Manifest]:
        """All of a kind."""
        return [manifest for manifest in self.manifests if manifest["kind"] == kind]

    def one(self, kind: str) -> Manifest:
        """The only one of a kind."""
        [manifest] = self.all(kind)
        return manifest

    def named(self, kind: str, name: str) -> Manifest:
        """One of a kind, by its name, but for a hash of what is in it."""
        [manifest] = [
            found for found in self.all(kind) if re.fullmatch(rf"{name}(-[0-9a-z]{{10}})?", found["metadata"]["name"])
        ]
        return manifest

    @property
    def deployment(self) -> Manifest:
        """The one that is not the canary."""
        return self.named("Deployment", self._name)

    @property
    def pod(self) -> Manifest:
        """The pod of its replicas."""
        return dict(self.deployment["spec"]["template"]["spec"])

    @property
    def container(self) -> Manifest:
        """Its only container."""
        [container] = self.pod["containers"]
        return dict(container)

    @property
    def settings(self) -> dict[str, str]:
        """Its environment."""
        return dict(self.named("ConfigMap", self._name)["data"])


@cache
def build(stage: str, *, with_canary: bool = False) -> Built:
    """An overlay as it is, or with its lines for a canary. Many tests read the same one."""
    return Built(_built(stage, frozenset({CANARY} if with_canary else ())))


@cache
def build_job(name: str, stage: str) -> Built:
    """An overlay with its lines for a job, whose pod and settings are asked for, for those before it, and a canary."""
    names = list(JOBS)
    lines = [JOBS[before] for before in names[: names.index(name) + 1]]
    return Built(_built(stage, frozenset({CANARY, *lines})), f"event-{name}")


def bytes_of(quantity: str) -> int:
    """A quantity of memory."""
    number, unit = quantity[:-2], quantity[-2:]
    return int(number) << {"Ki": 10, "Mi": 20, "Gi": 30}[unit]


def cores_of(quantity: str) -> float:
    """A quantity of CPU."""
    return int(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector of labels, without expressions, takes a pod."""
    assert set(selector) == {"matchLabels"}
    wanted: dict[str, str] = selector["matchLabels"]
    return wanted.items() <= labels.items()


def pods(built: Built) -> Iterator[dict[str, str]]:
    """The labels of the pods of each Deployment."""
    for deployment in built.all("Deployment"):
        yield deployment["spec"]["template"]["metadata"]["labels"]


def _built(stage: str, lines: frozenset[str]) -> str:
    if shutil.which("kubectl") is None:
        if os.environ.get("REQUIRE_KUBECTL"):
            pytest.fail("kubectl is not installed")
        pytest.skip("needs kubectl")
    if not lines:
        return _kustomize(ROOT / "overlays" / stage)
    with tempfile.TemporaryDirectory() as scratch:
        copied = shutil.copytree(ROOT, scratch, dirs_exist_ok=True)
        page = Path(copied, "overlays", stage, "kustomization.yaml")
        page.write_text(re.sub(rf"^({'|'.join(lines)})", "", page.read_text(), flags=re.MULTILINE))
        return _kustomize(page.parent)


def _kustomize(folder: Path) -> str:
    command = ["kubectl", "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
