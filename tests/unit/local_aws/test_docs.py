"""The page about the emulator names all that can be switched."""

import re
from pathlib import Path

from local_aws.faults.action import ACTIONS
from local_aws.faults.operations import OPERATIONS
from local_aws.faults.settings import KINDS

PAGE = (Path(__file__).parents[3] / "docs" / "local_aws.md").read_text(encoding="utf-8")


def test_every_fault_and_action_is_described() -> None:
    """The tables have a row for each fault and each action, and none for anything else."""
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)

    assert rows == [*KINDS, *ACTIONS]


def test_every_operation_is_listed() -> None:
    """The page names each operation that is emulated; the batches are counted together."""
    assert [name for name in sorted(OPERATIONS) if not name.endswith("Batch") and name not in PAGE] == []


def test_command_line_is_given_the_address() -> None:
    """Each call of AWS CLI on the page names the endpoint: version 1 would go to AWS otherwise."""
    calls = re.findall(r"^\$ (aws .*)$", PAGE, flags=re.MULTILINE)

    assert len(calls) >= 1
    assert all("--endpoint-url" in call for call in calls)
