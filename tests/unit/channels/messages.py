"""Messages to send."""

from datetime import UTC, datetime, timedelta

from event_processor.notices.notice import Entry, Kind, Message, Notice, State

SINCE = datetime(2026, 11, 26, 4, 30, 5, tzinfo=UTC)

NOTICE = Notice(
    kind=Kind.REJECT,
    subject="page/Policy Type",
    pointer="/properties/gender",
    code="not_in_enum",
    title="page/Policy Type: /properties/gender is not one of its values",
    fields=(("Expected", 'one of "female", "male", "x"'), ("Found", '"F"')),
    version="1-0-2",
    sender="analytics.js 2.11.1, app 5.3.0, device 8be01974",
    link="http://127.0.0.1:8002/#reject=7c1d",
    channel="#checkout",
)


def entry(notice: Notice = NOTICE, state: State = State.NEW, count: int = 1, total: int = 1) -> Entry:
    """One that began at SINCE and was last seen a minute later."""
    return Entry(notice, state, count, total, SINCE, SINCE + timedelta(seconds=60 if total > 1 else 0))


NEW = Message((entry(),))
DIGEST = Message((entry(state=State.GOES_ON, count=9_999, total=10_000),))
MANY = Message(
    (
        entry(count=3, total=3),
        entry(
            Notice(
                Kind.REJECT, "track/Order Completed", "/total", "wrong_type", "track/Order Completed: /total is text"
            ),
            State.QUIET,
            0,
            12,
        ),
    ),
    more_keys=80,
    more_notices=1_234,
)
