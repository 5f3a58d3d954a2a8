"""Which rejects are meant, and how they are grouped."""

from datetime import UTC, datetime, timedelta

import pytest

from event_processor.rejects.reject import KeptReject
from event_processor.rejects.selection import Cause, Group, Selection, device_of, grouped

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
    (cause, first), *others = grouped(REJECTS, replayed.__contains__, Cause.of)

    assert cause == (None, "empty", "/events/new_process/*/cmdl")
    assert (first.rejects, first.replayed) == (2, 1)
    assert (first.first_seen, first.last_seen) == (NOON, NOON + timedelta(hours=2))
    assert first.example == "2"
    assert [(cause.reason, group.rejects, group.example) for cause, group in others] == [
        ("not_json", 1, "3"),
        ("wrong_type", 1, "4"),
    ]


def sent(number: int, version: str | None, hours: int, **fields: object) -> KeptReject:
    """A reject of a record, sent so many hours after noon, received a day later."""
    return kept(number, "wrong_type", "/age", 24).model_copy(
        update={"sent_at": NOON + timedelta(hours=hours), "app_version": version, "subject": "page/A", **fields}
    )


def test_which_release_broke_it() -> None:
    """A cause tells the versions of its senders, each since when, by when it was sent and not when it was read."""
    rejects = [sent(1, "7.2.0", 5), sent(2, "7.2.0", 3), sent(3, "7.1.9", 9), sent(4, None, 1, library="analytics 4")]
    [(cause, group)] = grouped(rejects, lambda _: False, Cause.of)

    assert cause == ("page/A", "wrong_type", "/age")
    assert (group.first_seen, group.last_seen) == (NOON + timedelta(hours=1), NOON + timedelta(hours=9))
    assert {release.version: (release.rejects, release.first_seen) for release in group.releases.values()} == {
        "7.2.0": (2, NOON + timedelta(hours=3)),
        "7.1.9": (1, NOON + timedelta(hours=9)),
        "analytics 4": (1, NOON + timedelta(hours=1)),
    }


def test_contracts_are_told_apart() -> None:
    """The same fault of two subjects is two causes, and each can be selected alone."""
    rejects = [sent(1, None, 0), sent(2, None, 0, subject="page/B"), kept(3, "wrong_type", "/age")]

    assert [cause.subject for cause, _ in grouped(rejects, lambda _: False, Cause.of)] == [None, "page/A", "page/B"]
    selection = Selection(subjects=frozenset({"page/B"}))
    assert [reject.reject_id for reject in rejects if selection.takes(reject)] == ["2"]


def test_who_is_wrong_most_often() -> None:
    """By device the busiest sender of rejects is first; those that nobody knows are one group."""
    devices = ["a", "b", None, "b", None, "b"]
    rejects = [sent(number, None, 0, device_id=device) for number, device in enumerate(devices)]

    assert [(device, group.rejects) for (device,), group in grouped(rejects, lambda _: False, device_of)] == [
        ("b", 3),
        (None, 2),
        ("a", 1),
    ]


def test_endless_versions_cost_nothing() -> None:
    """A sender that writes another version each time fills no memory: a hundred are told apart, the rest is one."""
    group = Group.of(REJECTS[0])
    for number in range(1000):
        group.add(sent(number, f"v{number}", 0), replayed=False)

    assert len(group.releases) == 101
    assert group.releases["others"].rejects == 900
