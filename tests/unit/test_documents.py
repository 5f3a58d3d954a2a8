"""The documents say what the code says."""

import errno
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import botocore.exceptions
import click
import yaml
from botocore.exceptions import ClientError

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.calls import code_of
from event_processor.aws.credentials import CredentialsUnavailable
from event_processor.commands.main import main as event_processor
from event_processor.telemetry.error_codes import KNOWN
from local_aws.faults.codes import ALL_CODES, codes_of, injected_error
from local_aws.faults.operations import KINESIS, SQS
from sensor_fleet.cli import main as sensor_fleet
from tools.readme_tables import JOBS, PAGES, README, SETTINGS, with_tables

ROOT = README.parent
RUNBOOK = ROOT / "docs" / "runbook.md"


def test_tables_are_current() -> None:
    """The pages list exactly the settings and metrics that the code has; `make docs` fixes them."""
    text = SETTINGS.read_text()
    names = {name.upper() for kind, _ in JOBS.values() for name in kind.model_fields}
    names |= {spec.name for _, catalogue in JOBS.values() for spec in catalogue}

    assert [page.name for page in PAGES if page.read_text() != with_tables(page.read_text())] == []
    assert sorted(name for name in names if f"| `{name}` |" not in text) == []
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


def test_links_to_a_part_of_a_page_lead_to_it() -> None:
    """A reader who follows a link to a heading arrives there."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    parts = {page: {_slug(heading) for heading in _HEADING.findall(page.read_text())} for page in pages}
    links = [
        (page, *link) for page in pages for link in re.findall(r"\]\((?!http)([^)#\s]*)#([^)\s]+)\)", page.read_text())
    ]
    targets = [(page.name, link, part, (page.parent / link).resolve() if link else page) for page, link, part in links]

    assert len(links) > 20
    assert [f"{name}: {link}#{part}" for name, link, part, to in targets if to in parts and part not in parts[to]] == []


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_page_can_be_reached_from_the_readme() -> None:
    """A stranger finds each page by following links from the README."""
    reached: set[Path] = set()
    todo = {README}
    while todo:
        page = todo.pop()
        reached.add(page)
        links = {
            (page.parent / link).resolve() for link in re.findall(r"\]\((?!http|#)([^)#\s]+\.md)", page.read_text())
        }
        todo |= links - reached

    assert sorted(page.name for page in (ROOT / "docs").glob("*.md") if page not in reached) == []


def test_the_commands_in_documents_exist() -> None:
    """What a page tells its reader to type is a command with these options, or a target of the Makefile."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    text = {page.name: re.sub(r"\\\n *", " ", page.read_text()) for page in pages}
    typed = [(name, *found) for name in text for found in _TYPED.findall(text[name])]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = [(name, target) for name in text for found in _MADE.findall(text[name]) if (target := "".join(found))]

    assert len(typed) > 100
    assert [wrong for name, program, words in typed for wrong in _wrong(name, program, words.split())] == []
    assert len(made) > 20
    assert [(name, target) for name, target in made if target not in targets] == []


_HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)
_MADE: Final = re.compile(r"(?:`make ([a-z][a-z-]*)\b|^(?:    )?make ([a-z][a-z-]*)(?=\s+#|$))", re.MULTILINE)
_TYPED: Final = re.compile(
    r"(?:^|[`$;&|(] ?|/bin/|    )(event-processor|sensor-fleet) ((?!-)[^`|;&>#)\n]*)", re.MULTILINE
)
_PROGRAMS: Final[Mapping[str, click.Command]] = {"event-processor": event_processor, "sensor-fleet": sensor_fleet}


def _wrong(page: str, program: str, words: list[str]) -> Iterator[str]:
    command, path = _PROGRAMS[program], [program]
    while words and isinstance(command, click.Group):
        below = command.get_command(click.Context(command), words[0])
        if below is None:
            break
        path.append(words.pop(0))
        command = below
    known = {option for each in command.params for option in each.opts} | {"--help", "-h", "--version"}
    if isinstance(command, click.Group) and not command.invoke_without_command and words and words[0].isalpha():
        yield f"{page}: {' '.join(path)} {words[0]}"
    yield from (
        f"{page}: {' '.join(path)} {word}"
        for word in words
        if word.startswith("--") and word.split("=")[0] not in known
    )


def test_the_layers_are_drawn_as_they_are_checked() -> None:
    """Who reads where things go sees the layers that import-linter checks, and finds each folder."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    checked = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    drawn = text[text.index("```\ncommands\n") + 4 :].split("\n```")[0].splitlines()
    rooms = [re.findall(r"\w+", line.split("    ")[0]) for line in drawn if not line.startswith("-")]
    folders = {path.parent.name for path in (ROOT / "event_processor").glob("*/__init__.py")}

    assert [sorted(layer) for layer in rooms] == [sorted(re.findall(r"\w+", layer)) for layer in checked]
    assert sorted(folder for folder in folders if f"`{folder}`" not in text.replace("event_processor/", "")) == []


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
