"""Which rejects are meant, and how they are grouped."""

from datetime import UTC, datetime, timedelta

import pytest

from event_processor.rejects.reject import KeptReject
from event_processor.rejects.selection import Selection, grouped

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def kept(number: int, reason: str = "empty", pointer: str = "/events/new_process/0/cmdl", hours: int = 0) -> KeptReject:
    """A reject of so many hours after noon."""
    return KeptReject(
        reject_id=str(number), reason=reason, pointer=pointer, original="", received_at=NOON + timedelta(hours=hours)
    )


REJECTS = [
    kept(1),
    kept(2, pointer="/events/new_process/17/cmdl", hours=2),
    kept(3, reason="not_json", pointer="", hours=1),
    kept(4, reason="wrong_type", hours=3),
]


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(), "1234"),
        (Selection(reasons=frozenset({"empty"})), "12"),
        (Selection(reasons=frozenset({"empty", "not_json"})), "123"),
        (Selection(pointers=frozenset({"/events/new_process/*/cmdl"})), "124"),
        (Selection(pointers=frozenset({"/events/new_process/17/cmdl"})), "2"),
        (Selection(reasons=frozenset({"empty"}), pointers=frozenset({"/events/new_process/17/cmdl"})), "2"),
        (Selection(ids=frozenset({"3", "4"})), "34"),
        (Selection(since=NOON + timedelta(hours=2)), "24"),
        (Selection(reasons=frozenset({"nothing"})), ""),
    ],
)
def test_selected(selection: Selection, taken: str) -> None:
    """Reason, pointer, id and time each narrow the selection; a pointer may be as the list shows it."""
    assert "".join(reject.reject_id for reject in REJECTS if selection.takes(reject)) == taken


def test_groups() -> None:
    """Each cause has one line, the largest first, with how many, since when, until when, and one still to be sent."""
    replayed = {"1"}
    first, *others = grouped(REJECTS, replayed.__contains__)

    assert (first.reason, first.pointer, first.rejects, first.replayed) == ("empty", "/events/new_process/*/cmdl", 2, 1)
    assert (first.first_seen, first.last_seen) == (NOON, NOON + timedelta(hours=2))
    assert first.example == "2"
    assert [(group.reason, group.rejects, group.example) for group in others] == [
        ("not_json", 1, "3"),
        ("wrong_type", 1, "4"),
    ]
