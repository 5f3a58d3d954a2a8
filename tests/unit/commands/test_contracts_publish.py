"""event-processor contracts publish, lint: what is refused, and what is only warned of."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from event_processor.commands.main import main
from event_processor.contracts.compiling import DRAFTS


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    """`event-processor contracts ...`."""
    return CliRunner().invoke(main, ["contracts", *arguments])


def written(version: str, **schema: Any) -> str:
    """A file with a contract."""
    name = f"{version}.json"
    Path(name).write_text(json.dumps({"x-subject": "page", "x-version": version, **schema}))
    return name


def test_only_what_breaks_is_refused() -> None:
    """A step that is too small, but breaks nobody, is published with a warning; `diff` still calls it that."""
    run("publish", written("1-0-0", properties={"a": {"enum": ["x"]}, "b": {"maxLength": 5}}))

    loosened = written("1-0-1", properties={"a": {"enum": ["x", "y"]}, "b": {"maxLength": 5}})
    result = run("publish", loosened)
    assert (result.exit_code, result.stdout) == (0, "page 1-0-1: published, 1-0-0 was live\n")
    assert result.stderr.startswith(
        "page 1-0-1: warning: the version announces too little: REVISION /properties/a/enum"
    )
    assert result.stderr.count("\n") == 1
    assert run("publish", loosened).stderr == ""
    assert run("diff", "1-0-0.json", loosened).exit_code == 1

    mixed = run("publish", written("1-0-2", properties={"a": {}, "b": {"maxLength": 4}}))
    assert mixed.exit_code == 1
    assert "page 1-0-2 breaks 1-0-1 without a new MODEL: MODEL /properties/b/maxLength" in mixed.stderr
    assert "/properties/a" not in mixed.stderr
    assert run("show", "page").stdout == Path(loosened).read_text() + "\n"


@pytest.mark.parametrize(
    ("draft", "name", "is_checked"),
    [
        (DRAFTS[4], "uuid", True), (DRAFTS[3], "uuid", True), (DRAFTS[2], "uuid", False), (DRAFTS[0], "uuid", False),
        (DRAFTS[2], "date-time", True), (DRAFTS[4], "datetime", False), (DRAFTS[4], "e-mail", False),
    ],
)  # fmt: skip
def test_formats_that_are_not_checked(draft: str, name: str, is_checked: bool) -> None:
    """A format that the contract's draft does not have would accept anything: lint says so, and publish warns."""
    file = written("1-0-0", **{"$schema": draft, "properties": {"a": {"anyOf": [{"format": name}, {"type": "null"}]}}})

    linted, published = run("lint", file), run("publish", file)

    assert linted.exit_code == (0 if is_checked else 1)
    assert published.exit_code == 0
    said = f"/properties/a/anyOf/0/format: is not checked, since {draft} has no format {json.dumps(name)}"
    assert (said in linted.stdout) == (said in published.stderr) == (not is_checked)


@pytest.mark.parametrize(
    ("keyword", "meant"),
    [
        ("typ", "type"), ("maxLenght", "maxLength"), ("maxlength", "maxLength"), ("require", "required"),
        ("additionalProperty", "additionalProperties"), ("x-pi", "x-pii"), ("x-PII", "x-pii"), ("x_pii", "x-pii"),
        ("x-maxbytes", "x-max-bytes"), ("x-team", None), ("x-type", None), ("example", None), ("nullable", None),
        ("readOnly", None), ("name", None),
    ],
)  # fmt: skip
def test_misspelt_keywords(keyword: str, meant: str | None) -> None:
    """A misspelt keyword would check nothing, or hide nothing: lint says which is meant, and publish warns."""
    file = written("1-0-0", properties={"typ": {"items": {keyword: True}}})

    linted, published = run("lint", file), run("publish", file)

    assert linted.exit_code == (0 if meant is None else 1)
    assert published.exit_code == 0
    said = f"/properties/typ/items/{keyword}: does nothing, since it is not a keyword; did you mean {meant}?"
    assert (said in linted.stdout) == (said in published.stderr) == (meant is not None)
    assert linted.stdout.count("\n") == (meant is not None)


def test_true_is_not_one() -> None:
    """A value that changes from 1 to true is told by `diff`, also of two drafts of the same version."""
    before = written("1-0-0", const=1)
    Path("draft.json").write_text(json.dumps({"x-subject": "page", "x-version": "1-0-0", "const": True}))

    assert json.loads(run("diff", "--json", before, "draft.json").stdout)[0]["step"] == "MODEL"
