"""How many examples a property is tried with: some in `make test`, many more in `make prove`."""

import pytest


def examples(some: int, many: int) -> pytest.MarkDecorator:
    """The argument `examples` of a test."""
    return pytest.mark.parametrize("examples", [some, pytest.param(many, marks=pytest.mark.prove)])
