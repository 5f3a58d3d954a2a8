"""event-processor contracts: contracts are published and rolled back, and records checked, with only a directory."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from event_processor.commands.main import main

FIXTURES = Path(__file__).parents[2] / "fixtures"
SEGMENT = "{type}/{event|name}"
PAGE = FIXTURES / "contracts" / "page%2FPolicy%20Type" / "1-0-0.json"


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in; the registry is where it is by default."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "contracts"


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    """`event-processor contracts ...`."""
    result = CliRunner().invoke(main, ["contracts", *arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def written(name: str, subject: str = "page", version: str = "1-0-0", **schema: Any) -> str:
    """A file with a contract."""
    Path(name).write_text(json.dumps({"x-subject": subject, "x-version": version, **schema}))
    return name


def violations(*arguments: str, stdin: bytes) -> list[tuple[int, str, str]]:
    """Line, pointer and code of each, as programs read them."""
    told = json.loads(run("check", "--json", *arguments, "-", stdin=stdin).stdout)
    return [(each["line"], each["pointer"], each["code"]) for each in told["violations"]]


def test_golden_page_event() -> None:
    """The page event with two planted faults has exactly these, each with line, pointer, code and what was expected."""
    assert run("publish", str(FIXTURES / "contracts")).exit_code == 0

    result = run("check", "--subject", SEGMENT, str(FIXTURES / "segment-page.json"))

    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    where = f"{FIXTURES / 'segment-page.json'}:1: page/Policy Type 1-0-0: /properties/"
    assert first == f'{where}gender: not_in_enum: expected one of "", "female", "male", found "x9"'
    assert second.startswith(f"{where}visitorUUID: not_a_uuid: expected the format uuid, found")
    assert result.stderr == "records: 1, accepted: 0, rejected: 1\n"


def test_valid_records() -> None:
    """Where all is valid, nothing is printed but the counts, and the exit code is 0."""
    run("publish", written("a.json", required=["a"]))

    result = run("check", "-", stdin=b'{"a":1}\n{"a":2}\n')

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "records: 2, accepted: 2, rejected: 0\n"


@pytest.mark.parametrize(
    ("stdin", "lines"),
    [
        (b'{"a":1}\n{}\n\n{"b":1}', [2, 4]),
        (b'\n\n{"a":1}\r\n{}\r\n', [4]),
        (b'\xef\xbb\xbf{}\n{"a":1}\n', [1]),
        (b'\n{\n "b": 1\n}\n', [2]),
        (b'[{"a":1}, {},\n\n {"a":2},\n {\n"b":"],"}\n]', [1, 4]),
        (b" [ ] ", []),
        (b"[{}]", [1]),
        (b"", []),
        (b'{"a":1}\nnonsense\n{}', [2, 3]),
        (b'{"a":\n{"a":1}\n', [1]),
        (b'{}\n{"a":1}\n{"a"', [1, 3]),
        (b'{"a":"\xff"}\n{"a":1}', [1]),
        (b'{"a":1,"a":2}', [1]),
        (b"[" * 100_000, [1]),
        (b'[{"a":1},{"a":1,"a":2}]', [1]),
        (b'{"a":NaN}', [1]),
    ],
)
def test_forms_of_files(stdin: bytes, lines: list[int]) -> None:
    """NDJSON, one document and arrays are read alike, and each violation names the line its record begins on."""
    run("publish", written("a.json", required=["a"]))

    assert [line for line, _, _ in violations(stdin=stdin)] == lines


def test_all_violations() -> None:
    """Every violation of a record is printed, and unknown subjects are violations."""
    run("publish", written("a.json", "page/Home", required=["a"], properties={"b": {"type": "integer"}}))

    found = violations(
        "--subject", SEGMENT, stdin=b'{"type":"page","name":"Home","b":"x"}\n{"type":"page"}\n{"name":"x"}'
    )

    assert [(line, code) for line, _, code in found] == [
        (1, "missing_field"), (1, "wrong_type"), (2, "no_contract"), (3, "missing_field"),
    ]  # fmt: skip


def test_personal_data_is_not_printed() -> None:
    """What a contract marks as personal is not shown, wherever violations are printed."""
    run("publish", written("a.json", properties={"mail": {"type": "integer", "x-pii": True}}))

    for arguments in (["check", "-"], ["check", "--json", "-"]):
        result = run(*arguments, stdin=b'{"mail":"zoe@example.com"}')
        assert result.exit_code == 1
        assert "zoe" not in result.output


def test_stream_of_the_streams_file() -> None:
    """A stream of the streams file is checked as its job would: by its template, at its part of the record."""
    Path("streams.yaml").write_text('streams: {events: {contract: "event/{kind}", at: /data}}')
    run("publish", written("a.json", "event/start", required=["a"]))

    assert violations("--stream", "events", stdin=b'{"kind":"start","data":{}}') == [(1, "/data", "missing_field")]
    assert run("check", "--stream", "other", "-", stdin=b"{}").exit_code == 2
    assert run("check", "--stream", "events", "--subject", "page", "-", stdin=b"{}").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--subject", "page", "-"], "CONTRACTS: was 'dir:contracts'; contracts_read: ENOENT"),
        (["check", "none.json"], "none.json"),
        (["rollback", "page", "1"], "VERSION: was '1'; a version is MODEL-REVISION-ADDITION"),
        (["publish", "none.json"], "none.json"),
        (["publish", "."], "contains no contracts"),
        (["infer", "--subject", ".", "-"], "--subject: was '.'"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    """What was typed wrong is told, with exit code 2, which no violation has."""
    result = run(*arguments, stdin=b"{}")

    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_subject_is_needed_among_many() -> None:
    """With several contracts, which of them is meant must be said, and as a template that makes sense."""
    run("publish", written("a.json", "a"))
    run("publish", written("b.json", "b"))

    assert "--subject: needed, since the registry has 2 contracts" in run("check", "-", stdin=b"{}").stderr
    assert run("check", "--subject", "{", "-", stdin=b"{}").exit_code == 2


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": 1}, "a.json"),
        ({"$ref": "http://127.0.0.1:1/x"}, "nothing is fetched"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "within itself"),
        ({"pattern": "(?=a)b"}, "a.json"),
        ({"pattern": "(a)\\1"}, "a.json"),
        ({"description": "x" * 262_144}, "256 KiB"),
        ({"x-version": "1"}, "MODEL-REVISION-ADDITION"),
    ],
)
def test_what_is_no_contract(registry: Path, schema: dict[str, Any], said: str) -> None:
    """Publishing refuses what cannot be judged by safely, by file and reason; so does lint. Nothing is published."""
    run("publish", written("good.json", "good"))
    before = sorted(registry.rglob("*"))
    written("a.json", **schema)
    written("b.json", "b")

    published, linted = run("publish", "."), run("lint", "a.json", "b.json", "good.json")

    assert published.exit_code == linted.exit_code == 1
    assert said in published.stderr
    assert published.stderr.count("\n") == 1
    assert said in linted.stdout
    assert linted.stderr == "3 contracts, 1 faulty\n"
    assert sorted(registry.rglob("*")) == before


def test_publish_twice() -> None:
    """The same version with the same content is no change, however it is laid out; with other content it is refused."""
    run("publish", written("a.json", required=["a"]))
    document = json.loads(Path("a.json").read_text())
    Path("a.json").write_text(json.dumps(dict(reversed(document.items())), indent=4))

    assert run("publish", "a.json").stdout == "page 1-0-0: already exists\n"

    result = run("publish", written("a.json", required=["b"]))
    assert result.exit_code == 1
    assert "page 1-0-0 already exists with other content" in result.stderr
    assert json.loads(run("show", "page").stdout) == document


def test_breaking_changes_are_named() -> None:
    """What breaks without a new MODEL is refused, each change by its place; with one it is published."""
    properties = {"a": {"enum": ["x", "y"]}, "b": {"maxLength": 9}, "c": {"type": "string"}}
    run("publish", written("a.json", properties=properties))
    properties = {"a": {"enum": ["x"]}, "b": {"maxLength": 8}, "c": {"type": "string"}}

    for version in ("1-0-1", "1-1-0"):
        result = run("publish", written("b.json", version=version, properties=properties))
        assert result.exit_code == 1
        assert "/properties/a/enum" in result.stderr
        assert "/properties/b/maxLength" in result.stderr
        assert "/properties/c" not in result.stderr
    too_little = run("diff", "a.json", "b.json")
    assert too_little.exit_code == 1
    assert too_little.stderr == "1-0-0 to 1-1-0 is a new REVISION: too little for 2 of 2 changes\n"
    written("b.json", version="2-0-0", properties=properties)
    assert run("diff", "a.json", "b.json").exit_code == 0
    assert run("publish", "b.json").stdout == "page 2-0-0: published, 1-0-0 was live\n"


def test_earlier_version_is_refused() -> None:
    """What comes before the live version is not published after it."""
    run("publish", written("a.json", version="1-0-1"))

    result = run("publish", written("a.json"))

    assert result.exit_code == 1
    assert "page 1-0-0: 1-0-1 is live; a new version comes after it" in result.stderr


def test_rollback_survives_publishing_everything(registry: Path) -> None:
    """After a rollback, a pipeline that publishes everything once more does not make the bad version live again."""
    Path("all").mkdir()
    written("all/a.json")
    written("all/b.json", version="1-0-1", title="bad")
    assert run("publish", "all").stdout.splitlines() == [
        "page 1-0-0: published",
        "page 1-0-1: published, 1-0-0 was live",
    ]

    assert run("rollback", "page", "1-0-0").stdout == "page 1-0-0: live, instead of 1-0-1\n"
    assert run("rollback", "page", "1-0-0").stdout == "page 1-0-0: is already live\n"
    assert "1-0-0 is live" in run("publish", "all").stdout

    assert (registry / "page" / "live").read_text() == "1-0-0\n"
    written("all/c.json", version="1-0-2", title="good")
    assert run("publish", "all").stdout.splitlines()[-1] == "page 1-0-2: published, 1-0-0 was live"


def test_from_one_registry_to_another(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry in git is published to another one as it is: what was rolled back there does not become live here."""
    run("publish", written("a.json"))
    run("publish", written("a.json", version="1-0-1", title="bad"))
    run("rollback", "page", "1-0-0")

    monkeypatch.setenv("CONTRACTS", "dir:other")
    result = run("publish", str(registry))
    assert result.stdout == "page 1-0-0: published\n"
    assert result.stderr == f"page 1-0-1: left out, since {registry / 'page' / 'live'} says 1-0-0\n"
    assert run("publish", str(registry / "page" / "1-0-1.json")).stdout == "page 1-0-1: published, 1-0-0 was live\n"

    (registry / "page" / "live").write_text("nonsense")
    assert "live: a version is" in run("publish", str(registry)).stderr


def test_list_show_history() -> None:
    """What is there can be read by people and by programs."""
    run("publish", written("a.json", **{"x-owner": "web team", "title": "Home"}))
    run("publish", written("b.json", version="1-0-1", **{"x-owner": "web team", "title": "Home!"}))

    assert "web team" in run("list").stdout
    assert json.loads(run("list", "--json").stdout)["contracts"] == [
        {"subject": "page", "version": "1-0-1", "owner": "web team", "channel": None, "title": "Home!"}
    ]
    assert json.loads(run("show", "page", "--version", "1-0-0").stdout)["title"] == "Home"
    told = json.loads(run("history", "page", "--json").stdout)
    assert told["live"] == "1-0-1"
    assert [each["version"] for each in told["history"]] == ["1-0-0", "1-0-1"]
    assert run("history", "page").stdout.splitlines()[-1].endswith("live ")
    assert [run(command, "nobody").exit_code for command in ("show", "history")] == [1, 1]
    assert run("rollback", "page", "9-0-0").exit_code == 1


def test_infer_accepts_its_sample() -> None:
    """What is proposed from records can be published as it is, accepts them all, and says what was guessed."""
    lines = b"".join(b'{"a":%d,"mail":"u%d@example.com"}\n' % (number, number) for number in range(200))
    Path("sample.ndjson").write_bytes(lines)

    result = run("infer", "sample.ndjson")

    Path("proposal.json").write_text(result.stdout)
    assert result.stderr.endswith("accepts all 200 records\n")
    assert "/properties/mail: x-pii" in result.stderr
    assert run("publish", "proposal.json").stdout == "sample 1-0-0: published\n"
    assert run("check", "sample.ndjson").exit_code == 0
    assert run("infer", "--subject", "sample", "-", stdin=lines).stdout == result.stdout


@pytest.mark.parametrize("stdin", [b"", b"[1]", b'{"a":', b'{"a":1}\n{"a":\xff}'])
def test_infer_needs_records(stdin: bytes) -> None:
    """What is not a record is told by its line, and nothing is proposed."""
    result = run("infer", "--subject", "page", "-", stdin=stdin)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
