"""What a killed writer leaves of a directory's objects."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from event_processor.stores.objects_directory import DirectoryObjects

SIZE = 48 * 1024 * 1024
WRITES = """
import sys
from pathlib import Path
from event_processor.stores.objects_directory import DirectoryObjects

content = bytes(int(sys.argv[3]))
print("ready", flush=True)
getattr(DirectoryObjects(Path(sys.argv[1])), sys.argv[2])("a/large", content)
"""


def sizes(folder: Path) -> list[int]:
    """Of all files, hidden or not."""
    return [path.stat().st_size for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("put", ["put", "put_new"])
def test_killed_in_the_middle_of_an_object(tmp_path: Path, put: str) -> None:
    """kill -9 while an object is half written leaves nothing that is listed, and the name is free."""
    for attempt in range(20):
        lake = tmp_path / str(attempt)
        arguments = [sys.executable, "-c", WRITES, str(lake), put, str(SIZE)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            deadline = time.monotonic() + 60
            while not any(sizes(lake)) and time.monotonic() < deadline:
                pass  # a pause would be too long
            writer.kill()
        if 0 < sum(sizes(lake)) < SIZE:
            break
    else:
        pytest.fail("never caught in the middle")

    objects = DirectoryObjects(lake)
    assert list(objects.names()) == []
    assert objects.put_new("a/large", b"whole")
    assert objects.get("a/large") == b"whole"


def test_a_folder_that_was_swept_is_made_again(tmp_path: Path) -> None:
    """A folder taken away while a process goes on writing to it is there again with the next object."""
    objects = DirectoryObjects(tmp_path / "lake")
    objects.put("a/b/1", b"")
    shutil.rmtree(tmp_path / "lake" / "a")
    objects.put("a/b/2", b"")

    assert list(objects.names()) == ["a/b/2"]
