"""Faults of a submission around its events: the submission is rejected as a whole."""

from random import Random

from sensor_fleet.spoils.spoil import Spoil, one_of
from sensor_fleet.values import EVENT_TYPES, uuid4

IDS = ("submission_id", "device_id")


def _bad_id(rng: Random, _name: str, text: str) -> str | None:
    return rng.choice(
        (None, "null", '""', "12345", "[]", '"not-a-uuid"', text[:-2] + '"', text[:-2] + 'g"', text[:-1] + '0"')
    )


def _bad_time(rng: Random, _name: str, text: str) -> str | None:
    no_such_day = '"2021-02-30' + text[text.index("T") :]
    return rng.choice((None, "null", '""', "[]", "{}", '"yesterday"', '"28/03/2021 15:44:18"', no_such_day))


def _bad_events(rng: Random, _name: str, text: str) -> str | None:
    return rng.choice((None, "null", "{}", "[]", '"none"', "7", f"[{text}]"))


def _unknown_type(rng: Random, _name: str, text: str) -> str:
    unknown = rng.choice(("file_opened", "new_proces", "New_Process", "", "network_connection "))
    return f'{text}, "{unknown}": {rng.choice(("[]", "[{}]", text))}'


def _id_twice(rng: Random, name: str, text: str) -> str:
    return f'"{uuid4(rng)}", "{name}": {text}'


HEADER_SPOILS = (
    Spoil("bad-id", IDS, _bad_id),
    Spoil("bad-time", ("time_created",), _bad_time),
    Spoil("bad-events", ("events",), _bad_events),
)
DUPLICATE_ID = Spoil("duplicate-id", IDS, _id_twice)
EVENTS_SPOILS = (
    Spoil("unknown-type", EVENT_TYPES, _unknown_type),
    Spoil("type-not-a-list", EVENT_TYPES, one_of("null", "{}", '"none"', "0", '{"cmdl": "whoami", "user": "root"}')),
)
