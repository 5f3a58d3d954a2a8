"""Terraform on a copy of deploy/terraform, so that neither state nor providers are left in the repository."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TERRAFORM = os.environ.get("TERRAFORM", "terraform")
_SECONDS = 600


class Workspace:
    """A root with its providers. Skips the test where there are none to be had, unless REQUIRE_TERRAFORM is set."""

    def __init__(self, folder: Path, **environment: str) -> None:
        """`environment` is added to Terraform's."""
        self.root = folder / "deploy" / "terraform"
        kept_out = shutil.ignore_patterns(".terraform", "*.tfstate*")
        shutil.copytree(ROOT / "deploy" / "terraform", self.root, ignore=kept_out)
        shutil.copytree(ROOT / "deploy" / "iam", folder / "deploy" / "iam")
        self._environment = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", **environment}
        self._initialise()

    def run(self, *arguments: str, seconds: float = _SECONDS, **environment: str) -> str:
        """What a command printed, after it ended well."""
        done = self._started(arguments, seconds, environment)
        assert done.returncode == 0, f"terraform {' '.join(arguments)}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def messages(self, *arguments: str) -> list[dict[str, Any]]:
        """The messages of a command that prints JSON, after it ended well."""
        return [json.loads(line) for line in self.run(*arguments, "-json").splitlines()]

    def _initialise(self) -> None:
        try:
            done = self._started(("init", "-no-color", "-lockfile=readonly"), _SECONDS, {})
        except FileNotFoundError:
            trouble = f"{TERRAFORM}: not found"
        else:
            trouble = "" if done.returncode == 0 else done.stdout[-2000:] + done.stderr[-2000:]
        if trouble and not os.environ.get("REQUIRE_TERRAFORM"):
            pytest.skip(f"no Terraform, or no providers for it: {trouble}")
        assert not trouble, trouble

    def _started(
        self, arguments: tuple[str, ...], seconds: float, environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [TERRAFORM, *arguments],
            cwd=self.root,
            env={**os.environ, **self._environment, **environment},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
