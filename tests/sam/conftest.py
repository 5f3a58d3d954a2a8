"""These tests need Python 3.13 and the tools of requirements-sam.lock: they run only when they are named.

make sam-test
"""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Left out of a run of all tests."""
    named = (Path(argument.split("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(HERE) for path in named) else True
