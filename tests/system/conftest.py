"""What several tests of whole programs work with."""

import pytest

from tests.system.lambda_service import Unpacked, unpacked


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """The archive, built once for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "lambda"
    folder.mkdir(exist_ok=True)
    return unpacked(folder)
