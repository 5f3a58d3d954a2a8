"""What the reports are tried on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.processes import Emulator


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator with queues and stream."""
    with Emulator(tmp_path) as emulator:
        emulator.provision()
        yield emulator
