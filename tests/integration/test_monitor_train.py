"""Training and the benches on the command line, from what is in the lake to a promoted model."""

import csv
import gzip
import io
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from event_processor.commands.main import main
from event_processor.consuming.records import StreamRecord
from event_processor.lake.raw import line_of
from event_processor.metrics.metric import Metric
from event_processor.monitoring.model import Model, model_hash
from event_processor.monitoring.training import contest, learners, promotion
from tests.unit.monitoring.training.series import HOUR, series

FEW = {"logistic regression": learners.LEARNERS["logistic regression"]}
PACKAGE = Path(learners.__file__).parents[2]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for found in (contest.run, contest.steps, promotion.hold):
        given = found.__defaults__ or ()
        monkeypatch.setattr(found, "__defaults__", tuple(FEW if each is learners.LEARNERS else each for each in given))
    monkeypatch.setenv("MONITOR_STATE", f"dir:{tmp_path}/monitor")
    monkeypatch.setenv("LAKE", f"dir:{tmp_path}/lake")


def run(*arguments: str) -> Result:
    """event-processor monitor …"""
    return CliRunner().invoke(main, ["monitor", *arguments])


def lake(folder: Path) -> None:
    """What delivery writes of the metrics of some series."""
    place = folder / "lake/raw/quality-metrics/dt=2026-01-01/hh=00"
    place.mkdir(parents=True)
    lines, rows = [], []
    for name in "abcde":
        made = series(name)
        for point in made.points:
            metric = Metric(made.series, point.start, HOUR, point.value, point.n)
            lines.append(
                line_of(StreamRecord("1", made.series.key, datetime(2026, 1, 1, tzinfo=UTC), metric.to_json()))
            )
        for start, end, _ in made.incidents:
            times = (datetime.fromtimestamp(each, UTC).isoformat() for each in (start, end + HOUR))
            rows.append((made.series.key, *times, "anomaly"))
    (place / "shardId-000000000000-1-2-1.ndjson.gz").write_bytes(gzip.compress(b"".join(lines)))
    text = io.StringIO()
    csv.writer(text).writerows([("series", "start", "end", "state"), *rows])
    (folder / "labels.csv").write_text(text.getvalue())


def test_labels_and_metrics_of_the_lake_become_a_promoted_model(tmp_path: Path) -> None:
    """With the hashes of all it comes from; the same again gives the same files."""
    lake(tmp_path)
    assert run("label", "import", f"{tmp_path}/labels.csv").exit_code == 0

    first = run("train", "--page", f"{tmp_path}/board.html")
    assert first.exit_code == 0, first.output
    assert "promoted: logistic regression" in first.output

    models = tmp_path / "monitor/models"
    promoted = orjson.loads((models / "promoted.json").read_bytes())
    assert Model.from_json(promoted["model"]).labels == 40
    assert model_hash(promoted["model"]) == promoted["model_sha256"]
    assert (tmp_path / f"monitor/training/{promoted['data_sha256']}.ndjson.gz").exists()
    assert promoted["labels_version"] == 1
    assert re.fullmatch("[0-9a-f]{64}", promoted["labels_sha256"])
    assert (models / "leaderboard.html").read_bytes() == (tmp_path / "board.html").read_bytes()

    assert run("train").exit_code == 0
    assert orjson.loads((models / "promoted.json").read_bytes()) == promoted


def test_without_labels_the_rule_stays(tmp_path: Path) -> None:
    """And it is said why."""
    lake(tmp_path)

    done = run("train")

    assert done.exit_code == 0, done.output
    assert "not promoted" in done.output
    assert "0 labelled incidents" in done.output
    assert not (tmp_path / "monitor/models/promoted.json").exists()
    assert (tmp_path / "monitor/models/leaderboard.json").exists()


def test_without_metrics_there_is_nothing_to_train_on() -> None:
    """One line, and exit 1."""
    done = run("train")

    assert done.exit_code == 1
    assert "no metrics of quality-metrics" in done.output


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of training and of the benches."""
    monkeypatch.setitem(sys.modules, "sklearn", None)

    for arguments in (
        ["train"],
        ["bench", "nab", "--data", str(tmp_path)],
        ["bench", "faults", "--data", str(tmp_path)],
    ):
        done = run(*arguments)
        assert done.exit_code == 1
        assert "pip install 'event-processor[training]'" in done.output


def test_the_bench_reads_labelled_series_of_any_length_and_interval(tmp_path: Path) -> None:
    """Figures as a table, as JSON and as a page."""
    text, windows = io.StringIO(), {}
    rows = csv.writer(text)
    rows.writerow(("series", "timestamp", "value"))
    for name, length, seconds in (
        ("a", 500, 300),
        ("b", 260, HOUR),
        ("c", 500, HOUR),
        ("short", 3, 60),
        ("one", 1, 60),
    ):
        made = series(name, length, (100, 145, 200) if length > 200 else ())
        times = [datetime.fromtimestamp(place * seconds, UTC).replace(tzinfo=None) for place in range(length)]
        rows.writerows((name, str(at), point.value) for at, point in zip(times, made.points, strict=True))
        windows[name] = [
            [f"{times[place]}.000000", f"{times[place + 2]}.000000"] for place in (100, 145, 200) if length > 200
        ]
    with gzip.open(tmp_path / "series.csv.gz", "wt") as file:
        file.write(text.getvalue())
    (tmp_path / "windows.json").write_text(json.dumps(windows))

    done = run(
        "bench", "nab", "--data", str(tmp_path), "--json", f"{tmp_path}/out.json", "--page", f"{tmp_path}/out.html"
    )

    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["series"] == 5
    assert {"rule", "random", "logistic regression"} <= {row["name"] for row in found["rows"]}
    assert all(name in done.output for name in ("rule", "random", "logistic regression"))
    assert "<svg" in (tmp_path / "out.html").read_text()


def test_data_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """And exit 2."""
    for bench in ("nab", "faults"):
        done = run("bench", bench, "--data", str(tmp_path))
        assert done.exit_code == 2
        assert "--data" in done.output


@pytest.mark.parametrize("windows", ["[1]", '{"a": [["2026-01-01 00:00:00"]]}', '{"a": 1}', "{"])
def test_windows_that_are_none_are_one_line(tmp_path: Path, windows: str) -> None:
    """And exit 2."""
    with gzip.open(tmp_path / "series.csv.gz", "wt") as file:
        file.write("series,timestamp,value\na,2026-01-01 00:00:00,1\n")
    (tmp_path / "windows.json").write_text(windows)

    done = run("bench", "nab", "--data", str(tmp_path))
    assert (done.exit_code, "allowed: a folder with" in done.output) == (2, True)


def test_one_series_is_not_enough_and_no_mistake(tmp_path: Path) -> None:
    """Whoever begins has one: there is no model then, and the figures of those that need none."""
    with gzip.open(tmp_path / "series.csv.gz", "wt") as file:
        file.write("series,timestamp,value\n" + "".join(f"a,2026-01-01 00:0{m}:00,{m}\n" for m in range(3)))
    (tmp_path / "windows.json").write_text('{"a": []}')

    done = run("bench", "nab", "--data", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert "not promoted" in done.output


@pytest.mark.parametrize(
    "content",
    [b"?", gzip.compress(b"{}\n"), gzip.compress(b"{}\n" * 99)[:-9]],
    ids=["no gzip", "no record", "cut off"],
)
def test_a_damaged_file_of_the_lake_is_named(tmp_path: Path, content: bytes) -> None:
    """One line, and exit 1."""
    lake(tmp_path)
    [file] = tmp_path.glob("lake/raw/**/*.gz")
    file.write_bytes(content)

    done = run("train")
    assert (done.exit_code, file.name in done.output, "damaged" in done.output) == (1, True, True)


def test_no_part_of_the_program_unpickles() -> None:
    """A model from a bucket is data, and never code."""
    pattern = re.compile(r"^\s*(import|from)\s+(pickle|cPickle|joblib|dill|cloudpickle|shelve|marshal)\b", re.MULTILINE)
    guilty = [str(path) for path in PACKAGE.rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))]

    assert guilty == []
