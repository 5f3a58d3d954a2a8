"""What is in our hands: the bounds, the visibility, and whose message it is."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from event_processor.submissions.delivery import Delivery
from event_processor.submissions.holdings import LONGEST_VISIBILITY_SECONDS, Holdings, fitting
from tests.unit.samples import delivery

VISIBILITY_SECONDS = 60


def holdings(max_submissions: int = 10, max_bytes: int = 1000) -> Holdings:
    """Nothing held yet."""
    return Holdings(max_submissions, max_bytes, VISIBILITY_SECONDS)


def message(number: int = 1, receive: int = 1, size_bytes: int = 10) -> Delivery:
    """One receipt of a message."""
    return delivery("x" * size_bytes, f"message-{number}", f"handle-{number}-{receive}", receive)


def due_at(hands: Holdings, now: float) -> list[tuple[Delivery, int]]:
    """Whose visibility is to be extended at half of the timeout, and by how much."""
    return [(held.delivery, hands.extension_seconds(held, now)) for held in hands.due(now, VISIBILITY_SECONDS / 2)]


def test_reservations_count() -> None:
    """Room that is set aside for a receive under way is not given away a second time."""
    hands = holdings(max_submissions=25, max_bytes=1000)

    assert [hands.reserve(10, 100) for _ in range(3)] == [True, True, False]
    hands.unreserve(10, 100)
    assert hands.reserve(10, 100)


def test_submissions_are_bounded() -> None:
    """What is held and what is reserved together never exceed the bound; room comes back only by dropping."""
    hands = holdings(max_submissions=2)
    hands.take(message(1), 0)

    assert not hands.reserve(2, 0)
    assert hands.reserve(1, 0)
    hands.unreserve(1, 0)
    hands.take(message(2), 0)
    assert not hands.reserve(1, 0)
    hands.drop("message-1")
    assert hands.reserve(1, 0)


def test_bytes_are_bounded() -> None:
    """Bodies, the records made of them and reservations share one bound of bytes."""
    hands = holdings(max_bytes=100)
    hands.take(message(size_bytes=40), 0)
    hands.grow("message-1", 30)

    assert hands.size_bytes == 70
    assert not hands.reserve(1, 31)
    assert hands.reserve(1, 30)
    assert not hands.reserve(1, 1)


def test_one_submission_may_unfold_past_the_bound() -> None:
    """What is in hand already is never refused, but then it is full, and nothing more is let in until it is gone."""
    hands = holdings(max_bytes=100)
    hands.take(message(size_bytes=40), 0)
    assert not hands.is_full

    hands.grow("message-1", 500)

    assert hands.is_full
    assert not hands.reserve(1, 0)
    assert hands.drop("message-1").size_bytes == 540
    assert (hands.is_full, hands.size_bytes, len(hands)) == (False, 0, 0)


def test_bytes_are_those_of_sqs() -> None:
    """A body counts as SQS counts it: in UTF-8."""
    hands = holdings()
    hands.take(delivery("č☕😀"), 0)

    assert hands.size_bytes == 2 + 3 + 4


def test_redelivery_renews_the_handle() -> None:
    """A message that comes again while it is held is not done twice: only its handle and its visibility are new."""
    hands = holdings()
    first, again = message(receive=1), message(receive=2)

    assert hands.take(first, 0)
    assert not hands.take(again, 50)

    held = hands["message-1"]
    assert held.delivery is again
    assert (held.taken_at, held.received_at, held.hidden_until) == (0, 50, 110)
    assert (len(hands), hands.size_bytes) == (1, 10)


def test_redelivery_makes_it_ours_again() -> None:
    """A message whose handle went stale is ours again when it comes again, to be deleted with the new handle."""
    hands = holdings()
    first, again = message(receive=1), message(receive=2)
    hands.take(first, 0)
    hands.lose(first)

    hands.take(again, 70)

    assert hands["message-1"].ours
    assert hands["message-1"].delivery.receipt_handle == "handle-1-2"


def test_redelivery_keeps_the_submission_id() -> None:
    """A message that comes again while we hold it is known by its submission id: its body is not opened again."""
    hands = holdings()
    first, again = message(receive=1), message(receive=2)
    hands.take(first, 0)
    first.submission_id = "of the submission"

    hands.take(again, 70)

    assert again.submission_id == "of the submission"


@pytest.mark.parametrize(("now", "due"), [(0, False), (29.9, False), (30, True), (59, True), (90, True)])
def test_due_at_half(now: float, due: bool) -> None:
    """Visibility is extended when half of it is over, to its full length from now; better late than never."""
    hands = holdings()
    first = message()
    hands.take(first, 0)

    assert due_at(hands, now) == ([(first, VISIBILITY_SECONDS)] if due else [])


def test_extended() -> None:
    """After an extension the message is due again at half of the new time."""
    hands = holdings()
    first = message()
    hands.take(first, 0)
    hands.extended(first, 30, VISIBILITY_SECONDS, 31)

    assert due_at(hands, 59) == []
    assert due_at(hands, 60) == [(first, VISIBILITY_SECONDS)]


def test_an_extension_that_failed_is_due_again() -> None:
    """An extension that the queue did not take stays due, with every chance left."""
    hands = holdings()
    hands.take(message(), 0)

    assert due_at(hands, 30)
    assert due_at(hands, 31)


def test_stale_handle() -> None:
    """A stale handle is news once; from then on the message is not extended any more, but stays in hand."""
    hands = holdings()
    first = message()
    hands.take(first, 0)

    assert [hands.lose(first), hands.lose(first)] == [True, False]
    assert not hands["message-1"].ours
    assert due_at(hands, 59) == []
    assert len(hands) == 1


def test_news_of_an_old_handle() -> None:
    """What the queue says of a handle that was renewed meanwhile changes nothing, for better or worse."""
    hands = holdings()
    first, again = message(receive=1), message(receive=2)
    hands.take(first, 0)
    hands.take(again, 40)

    hands.extended(first, 41, VISIBILITY_SECONDS, 42)

    assert hands["message-1"].hidden_until == 100
    assert not hands.lose(first)
    assert hands["message-1"].ours


def test_news_of_a_dropped_message() -> None:
    """An answer about a message that is finished meanwhile is ignored."""
    hands = holdings()
    first = message()
    hands.take(first, 0)
    hands.drop("message-1")

    hands.extended(first, 30, VISIBILITY_SECONDS, 31)
    assert not hands.lose(first)
    assert len(hands) == 0


def test_among() -> None:
    """Of messages that finished, those that were given back meanwhile are left out."""
    hands = holdings()
    for number in (1, 2, 3):
        hands.take(message(number), 0)
    hands.drop("message-2")

    assert [held.delivery for held in hands.among(["message-3", "message-2", "message-1", "message-9"])] == [
        message(3),
        message(1),
    ]


def test_twelve_hours() -> None:
    """A message is kept hidden without a gap for twelve hours, and SQS is never asked for a second more."""
    hands = holdings()
    first = message()
    hands.take(first, 0)
    asked: list[float] = []
    for now in range(0, LONGEST_VISIBILITY_SECONDS + 3600, 2):
        for _, seconds in due_at(hands, now):
            assert now <= hands["message-1"].hidden_until
            assert 0 < seconds <= VISIBILITY_SECONDS
            assert now + seconds < LONGEST_VISIBILITY_SECONDS
            hands.extended(first, now, seconds, now)
            asked.append(now)

    assert asked[0] == 30
    assert LONGEST_VISIBILITY_SECONDS - 60 < hands["message-1"].hidden_until < LONGEST_VISIBILITY_SECONDS
    assert asked[-1] < LONGEST_VISIBILITY_SECONDS


def test_past_twelve_hours() -> None:
    """What SQS does not let us hold any longer counts as lost, once, and only when others can see it."""
    hands = holdings()
    hands.take(message(1), 0)
    hands.extended(hands["message-1"].delivery, LONGEST_VISIBILITY_SECONDS - 40, 20, LONGEST_VISIBILITY_SECONDS - 39)

    assert hands.run_out(LONGEST_VISIBILITY_SECONDS - 30) == []
    assert hands.run_out(LONGEST_VISIBILITY_SECONDS) == [(message(1), "HeldTwelveHours")]
    assert not hands["message-1"].ours
    assert hands.run_out(LONGEST_VISIBILITY_SECONDS) == []


def test_the_last_second_of_twelve_hours() -> None:
    """Of SQS's twelve hours ten seconds are left unused; up to then a second more is asked for, and why is told."""
    hands, last = holdings(), 12 * 3600 - 10
    hands.take(message(1), 0)
    [held] = hands

    assert (hands.extension_seconds(held, last - 1), hands.extension_seconds(held, last)) == (1, 0)
    assert hands.due(last - 1, VISIBILITY_SECONDS) == [held]
    assert hands.due(last, VISIBILITY_SECONDS) == []
    held.hidden_until = last - 1
    assert hands.run_out(last - 1) == [(message(1), "NotExtendedInTime")]
    held.ours = True
    assert hands.run_out(last) == [(message(1), "HeldTwelveHours")]


def test_a_group_is_stuck_until_its_message_is_admitted() -> None:
    """What came behind a message of its group that we hold must wait for it, until that has its lane."""
    hands, first = holdings(), replace(message(1), group="device")
    hands.take(first, 0)
    hands.take(message(2), 0)

    assert hands.stuck_groups([first, message(2)]) == {"device"}
    hands["message-1"].admitted = True
    assert hands.stuck_groups([first, message(2)]) == set()


@pytest.mark.parametrize("held", range(6))
@pytest.mark.parametrize("reserved", range(6))
def test_held_and_reserved_add_up(held: int, reserved: int) -> None:
    """Room for one more is there just as long as held and reserved submissions together are fewer than the bound."""
    hands = holdings(max_submissions=10)
    for number in range(held):
        hands.take(message(number), 0)
    hands.reserve(reserved, 0)

    assert hands.reserve(10 - held - reserved, 0)
    assert not hands.reserve(1, 0)


@given(st.lists(st.integers(0, 50), max_size=12), st.integers(0, 300))
def test_as_many_are_taken_as_there_is_room_for(sizes: list[int], room_bytes: int) -> None:
    """The first messages of a receive are kept, one at least and as many as fit, so that none overtakes another."""
    came = [message(number, size_bytes=size_bytes) for number, size_bytes in enumerate(sizes)]

    kept, back = fitting(came, room_bytes)

    kept_bytes = sum(delivery.body_bytes for delivery in kept)
    assert [*kept, *back] == came
    assert kept_bytes <= room_bytes or len(kept) == 1
    assert not back or (kept and kept_bytes + back[0].body_bytes > room_bytes)


def test_time_that_ran_out_is_told() -> None:
    """When the timeout is over others can see the message, whatever the queue says of its handle: told once."""
    hands = holdings()
    first = message(1)
    hands.take(first, 0)
    hands.take(message(2), 1)

    assert hands.run_out(59.9) == []
    assert hands.run_out(60) == [(message(1), "NotExtendedInTime")]
    assert [hands["message-1"].ours, hands["message-2"].ours] == [False, True]
    assert due_at(hands, 60.5) == [(message(2), VISIBILITY_SECONDS)]
    assert hands.run_out(60.5) == []
    assert not hands.lose(first)


def test_an_answer_that_comes_late() -> None:
    """An extension that the queue took, but whose answer was slow, makes the message ours again; told it stays."""
    hands = holdings()
    first = message(1)
    hands.take(first, 0)
    assert hands.run_out(61)

    hands.extended(first, 50, VISIBILITY_SECONDS, 62)

    assert hands["message-1"].ours
    assert hands["message-1"].hidden_until == 110
    assert hands.run_out(110) == [(message(1), "NotExtendedInTime")]


def test_an_answer_that_comes_too_late() -> None:
    """An extension whose time is over as well when its answer comes changes nothing: it is told, and not ours."""
    hands = holdings()
    first = message(1)
    hands.take(first, 0)
    hands.extended(first, 50, VISIBILITY_SECONDS, 120)

    assert hands.run_out(120) == [(first, "NotExtendedInTime")]
    hands.extended(first, 50, VISIBILITY_SECONDS, 121)
    assert not hands["message-1"].ours


def test_what_comes_again_was_lost() -> None:
    """A message that comes again while it is held was not hidden any more: told once, then ours with its new handle."""
    hands = holdings()
    stale = message(2, receive=1)
    hands.take(message(1, receive=1), 0)
    hands.take(stale, 0)
    hands.lose(stale)
    again = [message(1, receive=2), message(2, receive=2), message(3)]

    assert hands.received_again(again) == again[:1]


def test_twelve_hours_from_the_last_receive() -> None:
    """The twelve hours count from the receive of the handle in use."""
    hands = holdings()
    hands.take(message(receive=1), 0)
    again = message(receive=2)
    hands.take(again, LONGEST_VISIBILITY_SECONDS - 100)

    assert due_at(hands, LONGEST_VISIBILITY_SECONDS - 50) == [(again, VISIBILITY_SECONDS)]


class HoldingsMachine(RuleBasedStateMachine):
    """Receivers, a heartbeat and finished messages in any order, against books kept by hand."""

    MAX_SUBMISSIONS, MAX_BYTES, BATCH, LARGEST = 5, 200, 2, 40

    def __init__(self) -> None:
        super().__init__()
        self.hands = holdings(self.MAX_SUBMISSIONS, self.MAX_BYTES)
        self.now = 0.0
        self.reserved = 0
        self.books: dict[int, dict[str, Any]] = {}
        self.receives = 0

    @rule()
    def reserve(self) -> None:
        """A receive begins, if there is room for the most it may bring."""
        in_hand = sum(book["bytes"] for book in self.books.values())
        fits = (
            len(self.books) + (self.reserved + 1) * self.BATCH <= self.MAX_SUBMISSIONS
            and in_hand + (self.reserved + 1) * self.BATCH * self.LARGEST <= self.MAX_BYTES
        )
        assert self.hands.reserve(self.BATCH, self.BATCH * self.LARGEST) == fits
        self.reserved += fits

    @precondition(lambda self: self.reserved)
    @rule(
        brought=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 40)), max_size=2, unique_by=lambda each: each[0])
    )
    def receive(self, brought: list[tuple[int, int]]) -> None:
        """A receive ends, with new messages and with ones that are held already."""
        for number, size_bytes in brought:
            self.receives += 1
            again = message(number, self.receives, size_bytes)
            fresh = number not in self.books
            assert self.hands.take(again, self.now) == fresh
            book = self.books.setdefault(number, {"bytes": size_bytes})
            book.update(delivery=again, received=self.now, hidden=self.now + VISIBILITY_SECONDS, ours=True)
        self.hands.unreserve(self.BATCH, self.BATCH * self.LARGEST)
        self.reserved -= 1
        assert len(self.hands) <= self.MAX_SUBMISSIONS

    @precondition(lambda self: self.books)
    @rule(data=st.data(), size_bytes=st.integers(0, 60))
    def unfold(self, data: st.DataObject, size_bytes: int) -> None:
        """The records of a message are made."""
        number = data.draw(st.sampled_from(sorted(self.books)))
        self.hands.grow(f"message-{number}", size_bytes)
        self.books[number]["bytes"] += size_bytes

    @precondition(lambda self: self.books)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """A message is done with."""
        number = data.draw(st.sampled_from(sorted(self.books)))
        assert self.hands.drop(f"message-{number}").size_bytes == self.books.pop(number)["bytes"]

    @rule(fates=st.lists(st.sampled_from(["taken", "failed", "gone"]), min_size=5, max_size=5))
    def beat(self, fates: list[str]) -> None:
        """The heartbeat extends what is due; the queue takes it, fails, or says that the handle is stale."""
        run_out = [each for each, _ in self.hands.run_out(self.now)]
        assert run_out == [
            book["delivery"] for book in self.books.values() if book["ours"] and book["hidden"] <= self.now
        ]
        for book in self.books.values():
            book["ours"] = book["ours"] and book["hidden"] > self.now
        expected = [
            book["delivery"]
            for book in self.books.values()
            if book["ours"]
            and book["hidden"] - self.now <= VISIBILITY_SECONDS / 2
            and book["received"] + LONGEST_VISIBILITY_SECONDS - 10 - self.now >= 1
        ]
        due = due_at(self.hands, self.now)
        assert [each for each, _ in due] == expected
        for (each, seconds), fate in zip(due, fates, strict=False):
            book = next(book for book in self.books.values() if book["delivery"] is each)
            assert 0 < seconds <= min(VISIBILITY_SECONDS, book["received"] + LONGEST_VISIBILITY_SECONDS - self.now)
            if fate == "taken":
                self.hands.extended(each, self.now, seconds, self.now)
                book["hidden"] = self.now + seconds
            elif fate == "gone":
                assert self.hands.lose(each)
                book["ours"] = False

    @rule(seconds=st.sampled_from([1, 29, 31, 3600, LONGEST_VISIBILITY_SECONDS - 40]))
    def pass_time(self, seconds: int) -> None:
        """Time moves."""
        self.now += seconds

    @invariant()
    def books_agree(self) -> None:
        """Nothing is held that is not in the books, and all bytes are counted."""
        assert {held.delivery.message_id for held in self.hands} == {f"message-{number}" for number in self.books}
        assert self.hands.size_bytes == sum(book["bytes"] for book in self.books.values())
        assert {held.delivery.message_id for held in self.hands if held.ours} == {
            f"message-{number}" for number, book in self.books.items() if book["ours"]
        }


def test_any_order_of_things() -> None:
    """Whatever receives, heartbeats and finished messages come in what order, bounds and books hold."""
    run_state_machine_as_test(HoldingsMachine, settings=settings(max_examples=80, stateful_step_count=25))
