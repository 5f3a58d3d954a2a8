"""What is set aside: first come, first served, and in a message group one after the other."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from event_processor.submissions.aside import Aside
from event_processor.submissions.delivery import Delivery

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def delivery(number: int, group: str | None = None) -> Delivery:
    """A message, perhaps of a group."""
    return Delivery(f"m{number}", "handle", "{}", 1, NOW, NOW, group)


def names(deliveries: list[Delivery]) -> list[str]:
    """Their message ids."""
    return [each.message_id for each in deliveries]


def test_first_come_first_served() -> None:
    """Messages without a group are taken in the order in which they came, as many as are asked for."""
    aside = Aside()
    aside.add([delivery(1), delivery(2), delivery(3)])

    assert names(aside.take(2)) == ["m1", "m2"]
    assert names(aside.take(2)) == ["m3"]
    assert aside.take(2) == []


def test_a_group_has_one_worker() -> None:
    """While one worker has a message of a group, nobody gets the next of it; other groups go on."""
    aside = Aside()
    aside.add([delivery(1, "a")])
    first = aside.take(10)
    aside.add([delivery(2, "a"), delivery(3, "b")])

    assert names(aside.take(10)) == ["m3"]
    aside.done(first)
    assert names(aside.take(10)) == ["m2"]


def test_groups_are_known_until_all_of_them_is_done() -> None:
    """A group counts as aside until its last message is done, so that nothing behind it overtakes it."""
    aside = Aside()
    aside.add([delivery(1, "a"), delivery(2, "a"), delivery(3)])
    taken = aside.take(1)
    assert aside.groups == {"a"}
    aside.done(taken)
    assert aside.groups == {"a"}
    aside.done(aside.take(2))

    assert aside.groups == set()
    assert len(aside) == 0


def test_withdrawn_with_what_they_stood_behind() -> None:
    """When a message of a group goes back, those that wait behind it leave with it, and nothing else does."""
    aside = Aside()
    aside.add([delivery(1, "a"), delivery(2, "a"), delivery(3, "b"), delivery(4)])
    taken = aside.take(1)

    assert names(aside.withdraw("a")) == ["m2"]
    assert aside.withdraw(None) == []
    aside.done(taken)
    assert aside.groups == {"b"}
    assert names(aside.take(9)) == ["m3", "m4"]


@given(st.lists(st.tuples(st.sampled_from(["add", "take", "done"]), st.sampled_from([None, "a", "b"]))))
def test_order_of_each_group(steps: list[tuple[str, str | None]]) -> None:
    """Whatever the workers do, each message is taken once, and those of a group in order, never two at a time."""
    aside = Aside()
    added: list[Delivery] = []
    taken: list[Delivery] = []
    working: list[list[Delivery]] = []
    for number, (step, group) in enumerate(steps):
        if step == "add":
            added.append(delivery(number, group))
            aside.add(added[-1:])
        elif step == "take":
            batch = aside.take(2)
            busy = {each.group for other in working for each in other} - {None}
            assert not busy & {each.group for each in batch}
            working.append(batch)
            taken += batch
        elif working:
            aside.done(working.pop(0))
    while working or len(aside):
        if working:
            aside.done(working.pop(0))
        batch = aside.take(2)
        working += [batch] if batch else []
        taken += batch

    assert sorted(names(taken)) == sorted(names(added))
    for group in ("a", "b"):
        assert [each for each in taken if each.group == group] == [each for each in added if each.group == group]
    assert aside.groups == set()
