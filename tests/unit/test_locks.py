"""The review of dependencies that needs no network: hashes, reasons, and nothing that nobody needs."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.readme_tables import README

ROOT = README.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text()
LOCKS = sorted(ROOT.glob("requirements*.lock"))
OURS = "event-processor"


class Locked(NamedTuple):
    """A package of a lock, its hashes, and who needs it there."""

    name: str
    version: str
    hashes: int
    needed_by: frozenset[str]


def locked(lock: Path) -> Iterator[Locked]:
    """The packages of a lock."""
    for entry in re.split(r"^(?=[a-z])", lock.read_text(), flags=re.MULTILINE):
        if entry.strip() and not entry.startswith("#"):
            via = entry.partition("# via")[2].replace("#", " ")
            names = {re.split(r"[\s(]", line.strip())[0] for line in via.splitlines() if line.strip()}
            name, pinned = re.match(r"([a-z0-9-]+)==(\S+)", entry).groups()  # type: ignore[union-attr]
            yield Locked(name, pinned, entry.count("--hash=sha256:"), frozenset(names - {"-c"}))


def direct() -> set[str]:
    """What pyproject asks for by name."""
    project = tomllib.loads(PYPROJECT)
    groups = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    groups += project["project"].get("optional-dependencies", {}).values()
    return {canonicalize_name(Requirement(text).name) for group in groups for text in group}


def asks_for(parent: str, child: str) -> bool:
    """Whether a package's own metadata asks for the other; True if it is not installed, so nobody can tell."""
    asked = asked_for(parent)
    return asked is None or child in asked


@cache
def asked_for(parent: str) -> set[str] | None:
    """What a package's own metadata asks for, if it is installed; most are in several locks."""
    try:
        return {canonicalize_name(Requirement(text).name) for text in requires(parent) or []}
    except PackageNotFoundError:
        return None


def is_other(package: Locked) -> bool:
    """Whether another version of it is installed, so that its metadata tells nothing of the lock's."""
    return installed(package.name) not in {None, package.version}


@cache
def installed(name: str) -> str | None:
    """Its version."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_package_is_pinned_by_hash(lock: Path) -> None:
    """What is installed is what was reviewed, to the byte."""
    packages = list(locked(lock))

    assert packages
    assert [package.name for package in packages if not package.hashes] == []
    assert len(re.findall(r"^[a-z0-9-]+==", lock.read_text(), re.MULTILINE)) == len(packages)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_package_is_needed(lock: Path) -> None:
    """Each is asked for by pyproject, or by the metadata of another one of the lock that is needed itself."""
    packages = {package.name: package for package in locked(lock)}
    needed = {name for name, package in packages.items() if OURS in package.needed_by}
    assert needed <= direct()
    while more := {n for n, p in packages.items() if n not in needed and needed & p.needed_by}:
        needed |= more

    assert packages.keys() - needed == set()
    unknown = {OURS, *(name for name, package in packages.items() if is_other(package))}
    claims = [(parent, name) for name, package in packages.items() for parent in package.needed_by - unknown]
    assert [claim for claim in claims if not asks_for(*claim)] == []


def test_every_dependency_has_its_reason() -> None:
    """Beside each package that comes into production stands what it is for."""
    block = PYPROJECT.partition("\ndependencies = [\n")[2].partition("\n]")[0]

    lines = block.splitlines()
    assert len(lines) == len(tomllib.loads(PYPROJECT)["project"]["dependencies"])
    assert [line for line in lines if not re.search(r'",\s+# \S', line)] == []
