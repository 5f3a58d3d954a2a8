"""Messages in words, for every channel alike: what is in them came from strangers, and is shown as such."""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from event_processor.notices.notice import Entry, Kind, Message, State
from event_processor.text import one_line

_TITLE_CHARACTERS: Final = 140
_VALUE_CHARACTERS: Final = 500
_STATES: Final = {
    State.NEW: "New",
    State.GOES_ON: "Goes on",
    State.QUIET: "Not seen any more",
    State.RECOVERED: "Recovered",
}


def headline(message: Message) -> str:
    """The message in one line."""
    if len(message.entries) == 1 and not message.more_keys:
        return title(message.entries[0])
    states = Counter(entry.state for entry in message.entries)
    parts = [f"{states[state]} {_STATES[state].lower()}" for state in _STATES if states[state]]
    parts += [f"{message.more_keys:,} more"] if message.more_keys else []
    return f"{', '.join(parts)} ({message.notices:,} {'notice' if message.notices == 1 else 'notices'})"


def title(entry: Entry) -> str:
    """An entry in one line."""
    return f"{_STATES[entry.state]}: {one_line(entry.notice.title, _TITLE_CHARACTERS - 25)}"


def facts(entry: Entry) -> list[tuple[str, str]]:
    """What is known of an entry, by name; nothing that is empty."""
    notice = entry.notice
    known = [
        ("Subject", notice.subject),
        ("Pointer", notice.pointer),
        ("Code", notice.code),
        *notice.fields,
        ("Contract version", notice.version),
        ("Sender", notice.sender),
    ]
    return [(one_line(name, 60), one_line(value, _VALUE_CHARACTERS)) for name, value in known if value]


def in_short(entry: Entry) -> str:
    """The facts that are not in the title, in one line."""
    return "; ".join(f"{name}: {value}" for name, value in facts(entry) if name not in {"Subject", "Pointer", "Code"})


def how_often(entry: Entry) -> str:
    """Since when, and how many times."""
    since, last = _moment(entry.since), _moment(entry.last)
    if entry.total <= 1:
        return f"Once, at {since}"
    new = f" ({entry.count:,} since the last message)" if 0 < entry.count < entry.total else ""
    return f"{entry.total:,} times since {since}{new}, last at {last}"


def more(message: Message) -> str:
    """What the message tells by numbers or names only, and whether it is one of too many; empty if that is nothing."""
    return " ".join(filter(None, (_rest(message), over_budget(message))))


def over_budget(message: Message) -> str:
    """What people may expect from now on, if a day's messages are used up; else nothing."""
    if not message.budget:
        return ""
    return (
        f"The {message.budget:,} messages of a day are used up: from now on there is at most one an hour, with all that"
        " has happened since the one before."
    )


def _rest(message: Message) -> str:
    if not message.more_keys:
        return ""
    if not any(entry.notice.kind is Kind.FINDING for entry in (*message.entries, *message.rest)):
        return f"And {message.more_keys:,} more, {message.more_notices:,} times; the reject store has them all."
    names = _names(message)
    unnamed = f" and {message.more_keys - len(names):,} others" if 0 < len(names) < message.more_keys else ""
    return (
        f"And {message.more_keys:,} more{': ' * bool(names)}{', '.join(names)}{unnamed}. The status page has them all."
    )


def _names(message: Message) -> list[str]:
    """Of the metrics that have no entry of their own."""
    found = (entry.notice for entry in message.rest if entry.notice.kind is Kind.FINDING)
    return [one_line(notice.pointer or notice.subject, 100) for notice in found]


def text(message: Message) -> str:
    """The whole message as plain text."""
    lines = []
    for entry in message.entries:
        lines += [title(entry), *(f"  {name}: {value}" for name, value in facts(entry)), f"  {how_often(entry)}"]
        lines += [f"  {entry.notice.link}", ""] if entry.notice.link else [""]
    return "\n".join([*lines, more(message)]).rstrip() + "\n"


def document(message: Message) -> dict[str, Any]:
    """The whole message for programs: docs/notices.md has its fields."""
    return {
        "version": 1,
        "headline": headline(message),
        "notices": message.notices,
        "more": {
            "keys": message.more_keys,
            "notices": message.more_notices,
            "names": _names(message),
        },
        "budget_used_up": message.budget or None,
        "entries": [_entry(entry) for entry in message.entries],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    notice = entry.notice
    return {
        "state": entry.state.value,
        "kind": notice.kind.value,
        "severity": notice.severity.value,
        **{
            name: one_line(getattr(notice, name), _VALUE_CHARACTERS) for name in ("subject", "pointer", "code", "title")
        },
        "fields": {one_line(name, 60): one_line(value, _VALUE_CHARACTERS) for name, value in notice.fields},
        **{name: one_line(getattr(notice, name), _VALUE_CHARACTERS) for name in ("version", "sender", "channel")},
        "link": one_line(notice.link, _VALUE_CHARACTERS),
        "count": entry.count,
        "total": entry.total,
        "since": entry.since.isoformat(),
        "last": entry.last.isoformat(),
    }


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
