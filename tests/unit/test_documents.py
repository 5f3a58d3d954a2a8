"""The documents say what the code says."""

import errno
import json
import re
import tomllib
from pathlib import Path

import botocore.exceptions
import yaml
from botocore.exceptions import ClientError

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.calls import code_of
from event_processor.aws.credentials import CredentialsUnavailable
from event_processor.telemetry.error_codes import KNOWN
from local_aws.faults.codes import ALL_CODES, codes_of, injected_error
from local_aws.faults.operations import KINESIS, SQS
from tools.readme_tables import README, with_tables

ROOT = README.parent
RUNBOOK = ROOT / "docs" / "runbook.md"


def test_readme_tables_are_current() -> None:
    """The README lists exactly the settings and metrics that the code has; `make docs` mends it."""
    text = README.read_text()

    assert text == with_tables(text)
    assert text.count("| `event_processor_") > 10
    assert text.count("| `QUEUE_NAME`") == 1


def test_conda_environment_has_the_ranges_of_pyproject() -> None:
    """Who uses conda gets what pyproject asks for, neither more nor less."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    conda = yaml.safe_load((ROOT / "conda.yaml").read_text())["dependencies"]
    groups = project["dependency-groups"]

    extras = [each for extra in project["project"]["optional-dependencies"].values() for each in extra]
    assert conda[-1]["pip"] == project["project"]["dependencies"] + extras + groups["dev"]
    assert all(requirement in conda for requirement in groups["build"])
    assert f"python{project['project']['requires-python']}" in conda


def test_links_between_documents_lead_somewhere() -> None:
    """A reader who follows a relative link finds the file."""
    pages = [
        *ROOT.glob("*.md"),
        *(page for name in ("benchmarks", "deploy", "docs") for page in (ROOT / name).rglob("*.md")),
    ]
    links = [(page, link) for page in pages for link in re.findall(r"\]\((?!http|#)([^)#\s]+)", page.read_text())]

    assert links
    assert [f"{page.relative_to(ROOT)}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_the_tests_named_in_documents_exist() -> None:
    """Who doubts a guarantee finds the test that is named for it, by its file and by its name."""
    text = (ROOT / "docs" / "guarantees.md").read_text()
    files = set(re.findall(r"\btests/[\w/]+\.py\b", text))
    names = set(re.findall(r"\btest_\w+\b(?!\.py)", text))
    defined = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE)
    }

    assert len(files) >= 5
    assert len(names) >= 10
    assert sorted(file for file in files if not (ROOT / file).is_file()) == []
    assert sorted(names - defined) == []


def test_locks_name_no_registry() -> None:
    """The locks install from whatever registry a machine is configured for."""
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text()
        assert Path(lock).read_text().count("--hash=sha256:") > 1
    packages = json.loads((ROOT / "tests" / "segment" / "package-lock.json").read_text())["packages"]
    installed = [package for name, package in packages.items() if name]
    assert all(package["integrity"] and "resolved" not in package for package in installed)


def test_the_runbook_names_codes_as_they_are_logged() -> None:
    """Who searches the runbook for the code of a log line finds it: each is one that a call can end with."""
    text = RUNBOOK.read_text()
    named = set(re.findall(r"`([A-Z][A-Za-z.]+(?:Exception|Error|Queue|Failure))`", text))
    rows = re.findall(r"^\| (.*?) \| ", text[text.index("| code |") :], re.MULTILINE)[1:]
    named |= {code for row in rows for code in re.findall(r"`([A-Za-z.]+)`", row)} - {"KMS", "Other"}
    aws = {
        code_of(ClientError({"Error": {"Code": error.query_code or error.code}}, "PutRecords"))
        for service in (SQS, KINESIS)
        for error in (injected_error(service, code) for code in codes_of(service, tuple(ALL_CODES)))
    }
    signing = {"AccessDenied", "ExpiredToken", "InvalidSignatureException", "SignatureDoesNotMatch"}  # of all services
    ours = {MalformedAnswer.__name__, CredentialsUnavailable.__name__}
    raised = {name for name in dir(botocore.exceptions) if name.endswith("Error")} | ours

    assert len(named) > 20
    assert named - aws - signing - raised - set(errno.errorcode.values()) == set()
    assert named <= KNOWN


def test_the_runbook_quotes_lines_that_are_logged() -> None:
    """Who searches the log for a line that a runbook quotes finds it: the source has those very words."""
    text = RUNBOOK.read_text() + RUNBOOK.with_name("lambda.md").read_text()
    quoted = re.findall(r"`((?:answered|bug|failing|working|visibility|not|order|rejected)\b[^`]*)`", text)
    source = "".join(path.read_text() for path in (ROOT / "event_processor").rglob("*.py"))

    assert len(quoted) >= 6
    assert [line for line in quoted if f'"{line}' not in source] == []
