"""Terraform on a copy of deploy/terraform, so that neither state nor providers are left in the repository."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TERRAFORM = os.environ.get("TERRAFORM", "terraform")
_SECONDS = 1200


class Workspace:
    """A root with its providers. Skips the test where there are none to be had, unless REQUIRE_TERRAFORM is set."""

    def __init__(self, folder: Path, state: str = "", module: str = "", **environment: str) -> None:
        """`state` is a bucket for the state, else it is a file; `environment` is added to Terraform's.

        With `module` the root is that module alone.
        """
        self.root = folder / "deploy" / "terraform"
        kept_out = shutil.ignore_patterns(".terraform", "*.tfstate*", "backend.tf")
        shutil.copytree(ROOT / "deploy" / "terraform", self.root, ignore=kept_out)
        for name in ("iam", "pipeline"):
            shutil.copytree(ROOT / "deploy" / name, folder / "deploy" / name)
        if module:
            lock = shutil.copy(self.root / ".terraform.lock.hcl", self.root / "modules" / module)
            self.root = Path(lock).parent
        self._environment = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", **environment}
        backend = (
            ("-backend-config=bucket=" + state, "-backend-config=key=event-processor/test.tfstate") if state else ()
        )
        if state:
            shutil.copy(self.root / "backend.tf.example", self.root / "backend.tf")
        self._initialise(*backend)

    def run(self, *arguments: str) -> str:
        """What a command printed, after it ended well."""
        done = self._started(arguments)
        assert done.returncode == 0, f"terraform {' '.join(arguments)}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def messages(self, *arguments: str) -> list[dict[str, Any]]:
        """The messages of a command that prints JSON, after it ended well."""
        return [json.loads(line) for line in self.run(*arguments, "-json").splitlines()]

    def _initialise(self, *backend: str) -> None:
        try:
            done = self._started(("init", "-no-color", "-lockfile=readonly", *backend))
        except FileNotFoundError:
            trouble = f"{TERRAFORM}: not found"
        else:
            trouble = "" if done.returncode == 0 else done.stdout[-2000:] + done.stderr[-2000:]
        if trouble and not os.environ.get("REQUIRE_TERRAFORM"):
            pytest.skip(f"no Terraform, or no providers for it: {trouble}")
        assert not trouble, trouble

    def refused(self, *arguments: str) -> str:
        """What a command complained of."""
        done = self._started(arguments)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def _started(self, arguments: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [TERRAFORM, *arguments],
            cwd=self.root,
            env={**os.environ, **self._environment},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
