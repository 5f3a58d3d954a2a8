"""The witness of the lake: a sound one passes, and each kind of damage is found and named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from sensor_fleet.cli import main
from tests.integration.small_lake import SHARD, SmallLake, named


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sound lake."""
    folder = tmp_path_factory.mktemp("sound")
    SmallLake(folder).make()
    return folder


@pytest.fixture
def lake(sound: Path, tmp_path: Path) -> SmallLake:
    """A copy of it."""
    return SmallLake(Path(shutil.copytree(sound, tmp_path, dirs_exist_ok=True)))


def _audit(lake: SmallLake, *more: str, url: str = "") -> Result:
    where = ("--lake", url or f"dir:{lake.lake}", "--warehouse", f"duckdb:{lake.warehouse}", "--stream", "plain")
    return CliRunner().invoke(main, ["audit", "--manifest", str(lake.manifest), *where, *more], catch_exceptions=False)


def _violations(lake: SmallLake) -> dict[str, int]:
    result = _audit(lake, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == (0 if report["passed"] else 1)
    return {kind: number for kind, number in report["violations"].items() if number}


def test_a_sound_lake_passes(lake: SmallLake) -> None:
    """Its figures: what was sent, the repeat, rows and rejects by code; the same for people."""
    report = json.loads(_audit(lake, "--json").stdout)

    assert report["passed"], report
    assert (report["expected"], report["found"], report["raw"], report["repeats"]) == (5, 5, 6, 1)
    assert (report["typed"], report["table"], report["rejects"]) == (4, 3, 2)
    assert report["codes"] == {"missing_field": 1, "not_json": 1}
    shown = _audit(lake)
    assert shown.exit_code == 0
    assert shown.stdout.rstrip().endswith("passed")


@pytest.mark.usefixtures("_aws")
def test_a_lake_in_a_bucket(lake: SmallLake) -> None:
    """The same lake is read from S3, below a prefix."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="our-lake")
        for path in lake.lake.rglob("*.*"):
            s3.put_object(Bucket="our-lake", Key=f"of/us/{path.relative_to(lake.lake)}", Body=path.read_bytes())
        result = _audit(lake, url="s3://our-lake/of/us")

    assert result.exit_code == 0, result.output


@pytest.fixture
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")


Damage = Callable[[SmallLake], Any]


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda lake: lake.write_raw([1, 2, 3, 4, 5]), {"missing in raw": 1, "unexpected in typed": 1}),
        (lambda lake: lake.write_raw([0, 1, 1, 2, 3, 4, 5]), {"twice in raw": 1}),
        (lambda lake: lake.write_raw([0, 2, 1, 3, 4, 5]), {"out of order in raw": 1}),
        (lambda lake: lake.write_raw(range(6), m4=b"\xfe\n"), {"altered in raw": 1}),
        (
            lambda lake: lake.write_typed([lake.row(at) for at in (1, 2, 5)]),
            {"missing in typed": 1, "unexpected in table": 1},
        ),
        (
            lambda lake: lake.write_typed([lake.row(at) for at in (0, 1, 1, 2, 5)]),
            {"twice in typed": 1},
        ),
        (
            lambda lake: lake.write_typed([lake.row(0, age=7), *(lake.row(at) for at in (1, 2, 5))]),
            {"altered in typed": 1, "altered in table": 1},
        ),
        (
            lambda lake: lake.write_typed([lake.row(0, sent_at=None), *(lake.row(at) for at in (1, 2, 5))]),
            {"altered in typed": 1, "altered in table": 1},
        ),
        (lambda lake: lake.write_rejects([lake.reject(3)]), {"missing in rejects": 1}),
        (lambda lake: lake.write_rejects([lake.reject(at) for at in (3, 4, 4)]), {"twice in rejects": 1}),
        (
            lambda lake: lake.write_rejects([lake.reject(3, faults=[]), lake.reject(4)]),
            {"other faults in rejects": 1},
        ),
        (
            lambda lake: lake.write_rejects([lake.reject(3), lake.reject(4), lake.reject(3, source_id=f"{SHARD}/105")]),
            {"unexpected in rejects": 2, "missing in table": 1},
        ),
        (
            lambda lake: lake.sql("DELETE FROM tracking.pages WHERE age = 1"),
            {"missing in table": 1, "altered in table": 1},
        ),
        (lambda lake: lake.insert(lake.row(0)), {"twice in table": 1, "altered in table": 1}),
        (lambda lake: lake.insert(lake.row(2)), {"twice in table": 1, "altered in table": 1}),
        (lambda lake: lake.sql("UPDATE tracking.pages SET age = 8 WHERE age = 1"), {"altered in table": 1}),
        (lambda lake: lake.insert(lake.row(0, _sequence="999")), {"unexpected in table": 1}),
        (lambda lake: lake.sql("DELETE FROM quality.rejects WHERE reject_id = 'r3'"), {"missing in table": 1}),
        (lambda lake: lake.tell("r3", 3, "missing_field"), {"twice in table": 1}),
        (lambda lake: lake.tell("c", 5, "id_conflict"), {"unexpected in table": 1, "altered in table": 1}),
        (lambda lake: lake.sql("UPDATE quality.loads SET repeats = 2 WHERE stream = 'plain'"), {"altered in table": 1}),
    ],
)
def test_damage_is_named(lake: SmallLake, damage: Damage, found: dict[str, int]) -> None:
    """What is missing, twice, altered, rejected by mistake or by another code, in raw, typed, rejects or the table."""
    damage(lake)

    assert _violations(lake) == found


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--lake", "gs://b"], "neither dir:FOLDER nor s3://BUCKET/PREFIX"),
        (["--lake", "dir:/nowhere"], "there is no lake in /nowhere"),
        (["--warehouse", "redshift:w/d"], "the audit reads duckdb:FILE"),
        (["--warehouse", "duckdb:/nowhere/file"], "cannot read the warehouse"),
        (["--rejects", "rejects"], "--lake and --rejects are two audits"),
    ],
)
def test_what_cannot_be_audited_is_said(lake: SmallLake, options: list[str], complaint: str) -> None:
    """In one line, with the exit code for that."""
    result = _audit(lake, *options)

    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_file_that_is_gone_is_said(lake: SmallLake) -> None:
    """A file that the log names and the lake has not is no verdict on records: it cannot be audited."""
    (lake.lake / "raw" / "r.ndjson.gz").unlink()
    result = _audit(lake)

    assert result.exit_code == 2
    assert "raw/r.ndjson.gz is not in the lake, although the log names it" in result.stderr


RAW, TYPED, REJECTS = "raw/r.ndjson.gz", "typed/tracking/pages/t.parquet", "rejects/deliver/j.ndjson.gz"


def test_ranges_that_a_compaction_has_put_together(lake: SmallLake) -> None:
    """Records are read from its files, once, and rejects from their own; the small files are not asked for."""
    lake.write_log(
        {"files": [named("raw", "raw/small1.ndjson.gz"), named("typed", "typed/tracking/pages/small1.parquet")]},
        {"opening": {"before": None}},
        {"files": [named("raw", "raw/small2.ndjson.gz"), named("rejects", REJECTS)]},
        {
            "compaction": {
                "parts": [{"number": 1, "at": 0}, {"number": 3, "at": 7}],
                "files": [named("raw", RAW), named("typed", TYPED)],
            }
        },
    )
    assert _violations(lake) == {}
    report = json.loads(_audit(lake, "--json").stdout)
    assert (report["raw"], report["typed"], report["rejects"]) == (6, 4, 2)


def test_rejects_that_became_rows(lake: SmallLake) -> None:
    """An amendment has their rows, and its word counts against the older file of rejects."""
    lake.write_typed([lake.row(at) for at in (0, 1, 2)])
    lake.write_typed([lake.row(5)], "amended")
    rejects = [lake.reject(at) for at in (3, 4)]
    lake.write_rejects([*rejects, rejects[0] | {"reject_id": "r5", "source_id": f"{SHARD}/105"}])
    first = {"files": [named("raw", RAW), named("typed", TYPED), named("rejects", REJECTS)]}
    lake.write_log(first)
    assert _violations(lake)
    amended = {"files": [named("typed", "typed/tracking/pages/amended.parquet")]}
    lake.write_log(first, amended | {"amendment": {"of": 1, "moved": ["105"]}})
    assert _violations(lake) == {}
