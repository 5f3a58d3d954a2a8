"""A lake's rejects survive their writer."""

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.stores.reject_lake_archive import LakeArchive

WRITES = """
import sys
from pathlib import Path
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.stores.reject_lake import LakeRejects
from tests.unit.samples import rejects

store = LakeRejects(DirectoryObjects(Path(sys.argv[1])), "run")
for number in range(10**9):
    [reject] = rejects(f"nonsense {number} " + "%x" % 7**200_000)
    store.store([reject])
    print(reject.reject_id, flush=True)
"""


def test_killed_while_it_writes(tmp_path: Path) -> None:
    """kill -9 at any moment leaves whole objects only, and all of what was acknowledged is there."""
    acknowledged = set[str]()
    for moment in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", WRITES, str(tmp_path / "lake")], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            acknowledged.add(writer.stdout.readline().strip())
            time.sleep(0.003 * moment)  # another moment each time
            writer.kill()
            acknowledged |= set(writer.stdout.read().split())
    objects = DirectoryObjects(tmp_path / "lake")
    names = list(objects.names("rejects/"))

    stored = {
        json.loads(line)["reject_id"] for name in names for line in gzip.decompress(objects.get(name)).splitlines()
    }
    assert acknowledged <= stored
    with LakeArchive(objects) as archive:
        assert {kept.reject_id for kept in archive.read()} == stored
    assert archive.warnings == []
