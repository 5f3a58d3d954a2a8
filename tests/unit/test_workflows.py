"""What GitHub runs for us: pinned, with the least permissions, and fit to be released from."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from event_processor import __version__
from tests.system.processes import command
from tools.release_notes import notes

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
STAGES = {path.stem for path in (ROOT / "deploy" / "terraform" / "environments").glob("*.tfvars")}


def _workflow(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return loaded


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_actions_are_pinned_by_hash(file: Path) -> None:
    """Nobody can change what runs with our permissions by moving a tag."""
    used = re.findall(r"uses: (\S+)(.*)", file.read_text())

    others = [(name, comment) for name, comment in used if not name.startswith("./.github/workflows/")]
    assert [name for name, comment in others if not re.search(r"@[0-9a-f]{40}$", name) or " # v" not in comment] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_workflow_may_read_and_nothing_else(file: Path) -> None:
    """What a job needs beyond reading the code is in that job, so that no other has it."""
    assert yaml.safe_load(file.read_text())["permissions"] == {"contents": "read"}


def test_stages_follow_each_other() -> None:
    """Terraform goes through all stages, and production is the last; nothing is applied for a pull request."""
    jobs = _workflow("terraform")["jobs"]

    assert set(jobs) == STAGES
    assert (jobs["staging"]["needs"], jobs["production"]["needs"]) == ("test", "staging")
    assert {name: job["with"] for name, job in jobs.items()} == {
        name: {"stage": name, "apply": "${{ github.event_name == 'push' }}"} for name in STAGES
    }


def test_nothing_is_applied_without_approval() -> None:
    """Applying waits for the reviewers of the stage's environment, and is of the plan that they saw."""
    plan, apply = (_workflow("terraform-stage")["jobs"][name] for name in ("plan", "apply"))

    assert plan["environment"] == "${{ inputs.stage }}-plan"
    assert apply["environment"] == "${{ inputs.stage }}"
    assert (apply["if"], apply["needs"]) == ("inputs.apply", "plan")
    assert [step["run"] for step in apply["steps"] if "terraform apply" in step.get("run", "")] == [
        "terraform apply stage.plan"
    ]


def test_nothing_is_released_that_was_not_tested() -> None:
    """Every job of a release waits for the tests, directly or by those before it."""
    jobs = _workflow("release")["jobs"]

    def before(name: str) -> set[str]:
        needs = jobs[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else set(needs)
        return direct.union(*(before(other) for other in direct))

    assert [name for name in jobs if name != "test" and "test" not in before(name)] == []


def test_every_gate_of_a_pull_request_is_one_of_its_jobs() -> None:
    """What docs/deploying.md says of a pull request happens: each target is run, and each job must have passed."""
    jobs = _workflow("ci")["jobs"]
    page = (ROOT / "docs" / "deploying.md").read_text()
    rows = re.findall(r"^\| (?:unit, contract|system|container|deployment) \|.*$", page, re.MULTILINE)
    targets = {name for row in rows for name in re.findall(r"`make ([\w-]+)`", row)}
    ran = {word for job in jobs.values() for step in job["steps"] for word in step.get("run", "").split()}
    last = jobs.pop("required-checks-pass")

    assert len(rows) == 4
    assert targets - ran == set()
    assert set(last["needs"]) == set(jobs)
    assert [name for name in jobs if f"needs.{name}.result" not in last["steps"][0]["run"]] == []


def test_an_image_is_released_from_a_base_by_digest() -> None:
    """What a release passes to the build is what the Dockerfile knows, the base among it."""
    commands = "".join(step.get("run", "") for step in _workflow("release")["jobs"]["image"]["steps"])
    passed = set(re.findall(r"--build-arg (\w+)=", commands))

    assert passed == {"PYTHON_IMAGE", "VERSION", "SOURCE"}
    assert passed <= set(re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))


def test_release_notes_are_the_changelog_of_that_version() -> None:
    """Neither more nor less than the section of the version."""
    changelog = (
        "# Changelog\n\n## Unreleased\n\nlater\n\n## 1.2.3 - 2026-01-02\n\n### Added\n\n- x\n\n## 1.2.2\n\nbefore\n"
    )

    assert notes(changelog, "1.2.3") == "### Added\n\n- x"
    with pytest.raises(LookupError):
        notes(changelog, "1.2")


def test_this_version_is_the_same_everywhere() -> None:
    """The package, the image's label and the CHANGELOG are of one version."""
    changelog = (ROOT / "CHANGELOG.md").read_text()
    built = re.search(r"^ARG VERSION=(.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert built
    assert built[1] == __version__
    assert len(notes(changelog, __version__)) > 100


def test_another_tag_than_the_version_is_not_released() -> None:
    """A mistyped tag ends the release before anything is published."""
    done = command("tools.release_notes", "v99.0.0")

    assert done.returncode != 0
    assert __version__ in done.stderr
