"""The manifest: what is written is what is read, also after a fleet was killed; anything else is refused."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_fleet.audit import load
from sensor_fleet.errors import SettingsError
from sensor_fleet.generator import Generator, Options
from sensor_fleet.manifest import Entry, ManifestWriter, Sent, read_manifest
from sensor_fleet.oracle import Oracle
from sensor_fleet.plan import Plan

OPTIONS = Options(seed=3)
HEADER = b'{"sensor_fleet_manifest":1,"options":{}}\n'


def _plans(grouped: bool = False, **options: float) -> list[Plan]:
    generator = Generator(Options(seed=3, spoil=0.05, **options), grouped=grouped)  # type: ignore[arg-type]
    return [generator.submission(index).plan for index in range(20)]


def _write(path: Path, plans: list[Plan]) -> list[Entry]:
    sent = Sent([plan.submission_id for plan in plans])
    with ManifestWriter(path, OPTIONS) as manifest:
        manifest.planned(plans)
        manifest.sent(sent.submission_ids)
    return [*plans, sent]


@pytest.mark.parametrize("grouped", [False, True], ids=["standard", "fifo"])
@pytest.mark.parametrize("invalid_share", [0.0, 1.0])
def test_plans_survive_the_manifest(tmp_path: Path, invalid_share: float, grouped: bool) -> None:
    """The audit sees exactly what the fleet planned, in its order and groups, and what it saw acknowledged."""
    written = _write(tmp_path / "manifest", _plans(grouped, invalid_share=invalid_share))

    assert list(read_manifest(tmp_path / "manifest")) == written


def test_a_plan_is_on_disk_before_it_is_sent(tmp_path: Path) -> None:
    """A fleet killed while it sends has already noted what it was sending."""
    plans = _plans()[:1]
    with ManifestWriter(tmp_path / "manifest", OPTIONS) as manifest:
        manifest.planned(plans)

        assert list(read_manifest(tmp_path / "manifest")) == plans


@settings(max_examples=30)
@given(st.data())
def test_a_torn_last_line_is_passed_over(data: st.DataObject) -> None:
    """Wherever a killed fleet stopped writing, the complete lines before are good."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "manifest")
        written = _write(path, _plans()[:3])
        content = path.read_bytes()
        kept = content[: data.draw(st.integers(0, len(content)))]
        path.write_bytes(kept)

        assert list(read_manifest(path)) == written[: max(0, kept.count(b"\n") - 1)]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"not a manifest\n", "line 1: not a line of a manifest"),
        (b"{}\n", "line 1: not a line of a manifest"),
        (b'{"sensor_fleet_manifest":2}\n', "format 2; this is for 1"),
        (HEADER + b'{"planned":"x"}\n' + b'{"sent":[]}\n', "line 2: not a line of a manifest"),
        (HEADER + b"[1]\n", "line 2: not a line of a manifest"),
        (HEADER + b'{"sent":["x"]}\n', "submission x was sent but never planned"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    """A wrong or damaged file is named, with its line, instead of an audit of nothing."""
    path = tmp_path / "manifest"
    path.write_bytes(content)

    with pytest.raises(SettingsError, match=complaint):
        load(path, Oracle())


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    """A file that is not there is told in one line."""
    with pytest.raises(SettingsError, match=r"cannot read the manifest .*: No such file"):
        list(read_manifest(tmp_path / "manifest"))


def test_an_older_manifest_is_never_overwritten(tmp_path: Path) -> None:
    """What was sent earlier stays provable: a fleet wants a new file."""
    _write(tmp_path / "manifest", _plans())

    with pytest.raises(SettingsError, match="exists already"):
        ManifestWriter(tmp_path / "manifest", OPTIONS)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A manifest that cannot be written stops the fleet before it sends anything."""
    with pytest.raises(SettingsError, match="cannot write the manifest"):
        ManifestWriter(tmp_path / "nowhere" / "manifest", OPTIONS)
