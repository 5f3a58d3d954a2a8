"""What `make mutation` breaks."""

from pathlib import Path

from tests.mutation.targets import TARGETS, modules_of

ROOT = Path(__file__).parents[2]
CORE = ("event_processor/submissions", "event_processor/publishing")


def test_each_module_of_the_core_is_broken() -> None:
    """A module of the core that moves, or is new, is still tried by the mutation tests, and by one target only."""
    tried = [path for paths in modules_of(TARGETS, ROOT).values() for path in paths]

    assert len(tried) == len(set(tried))
    assert {path for room in CORE for path in (ROOT / room).glob("*.py")} <= set(tried)


def test_the_tests_that_must_notice_exist() -> None:
    """A test that moves is still run against the mutants."""
    named = [name for target in TARGETS for name in target.tests]

    assert [name for name in named if "tests/" in name and not (ROOT / name).exists()] == []
