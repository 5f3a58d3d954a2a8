"""The page about the emulator names all that can be switched."""

import re
from pathlib import Path

from local_aws.faults.action import ACTIONS
from local_aws.faults.settings import KINDS

PAGE = (Path(__file__).parents[3] / "docs" / "local_aws.md").read_text(encoding="utf-8")


def test_every_fault_and_action_is_described() -> None:
    """The tables have a row for each fault and each action, and none for anything else."""
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)

    assert rows == [*KINDS, *ACTIONS]
