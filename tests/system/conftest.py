"""What several tests of whole programs work with."""

from collections.abc import Iterator

import pytest

from tests.system.gateway import Place
from tests.system.lambda_service import Unpacked, unpacked
from tests.system.processes import shared_emulator


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """The archive, built once for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "lambda"
    folder.mkdir(exist_ok=True)
    return unpacked(folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two streams of the HTTP door, and their contracts."""
    folder = tmp_path_factory.mktemp("gateway")
    with shared_emulator(folder) as aws:
        yield Place(folder, aws)
