"""Contracts proposed from samples: what is guessed, on what evidence, and that nothing valid is rejected by them."""

import json
import random
import tracemalloc
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from event_processor.contracts.contract import Contract
from event_processor.contracts.infer import Proposal, Sample
from sensor_fleet.tracking.generator import TrackingGenerator, TrackingOptions

PAGE = (Path(__file__).parents[2] / "fixtures" / "segment-page.json").read_text()


def proposal(records: Iterable[Any]) -> Proposal:
    """What is proposed for these."""
    sample = Sample()
    for record in records:
        sample.add(record)
    return sample.propose("test")


def field(values: Iterable[Any], name: str = "a") -> dict[str, Any]:
    """The schema proposed for a field that had these values."""
    found: dict[str, Any] = proposal({name: each} for each in values).document["properties"][name]
    return found


def rejected(document: dict[str, Any], records: Iterable[Any]) -> int:
    """How many of the records the contract refuses, its byte lengths included."""
    validator = jsonschema_rs.validator_for(document, validate_formats=True)
    return sum(not validator.is_valid(each) or _too_long(document, each) for each in records)


def _too_long(schema: dict[str, Any], value: Any) -> bool:
    if isinstance(value, str):
        return len(value.encode()) > int(schema.get("x-max-bytes", 10**9))
    if isinstance(value, list):
        return any(_too_long(schema.get("items", {}), each) for each in value)
    if not isinstance(value, dict):
        return False
    rest = schema.get("additionalProperties", {})
    return any(_too_long(schema.get("properties", {}).get(name, rest), each) for name, each in value.items())


def test_a_field_is_required_if_every_object_had_it_at_any_depth() -> None:
    """Presence decides, not the value: null is there, and a nested object counts its own."""
    document = proposal([{"a": 1, "n": {"x": 1}}, {"a": None, "b": 2, "n": {"x": 1, "y": 2}}, {"a": 3}]).document

    assert document["required"] == ["a"]
    assert document["properties"]["n"]["required"] == ["x"]
    assert (document["x-subject"], document["x-version"]) == ("test", "1-0-0")


@pytest.mark.parametrize(
    ("values", "format_"),
    [
        (["0f4c2d17-417a-4a20-ba73-3ee0aa0c1b2d"] * 3, "uuid"),
        (["2019-01-25T19:52:43.436Z"] * 3, "date-time"),
        (["2020-06-01"] * 3, "date"),
        (["2020-06-01 00:00:24.000000"] * 3, None),
        (["192.0.2.17"] * 3, "ipv4"),
        (["2001:db8::1"] * 3, "ipv6"),
        (["ada@example.com"] * 3, "email"),
        (["https://www.example.com/a?b=c"] * 3, "uri"),
        (["ada@example.com", ""], None),
        (["0f4c2d17-417a-4a20-ba73-3ee0 aa0c1b2d"], None),
        (["example_cms.wizard.step"], None),
    ],
)
def test_a_format_is_proposed_if_every_value_has_it(values: list[str], format_: str | None) -> None:
    """One empty string among e-mail addresses, and no format is asserted."""
    assert field(values).get("format") == format_


def test_an_enum_needs_few_values_each_of_them_often() -> None:
    """Twenty values need a thousand records, and a value that was hardly seen tells that there are more."""
    many = [f"v{n % 20}" for n in range(1_000)]

    assert len(field(many)["enum"]) == 20
    assert field([*many, None])["enum"][-1] is None
    assert "enum" not in field(many[:-1])
    assert "enum" not in field(["a"] * 10)
    assert "enum" not in field(many + ["rare"] * 4 + many)
    assert "enum" not in field(["rare"] * 4 + ["a", "b"] * 500)
    assert "enum" not in field([*many, *many, 3])
    assert "enum" not in field(f"v{n % 21}" for n in range(5_000))
    assert "enum" not in field(["a"] * 400 + ["b"] * 200)
    assert "enum" not in field(["5.0.0", "v5.1"] * 200)


def test_personal_values_are_marked_and_never_listed() -> None:
    """A first name that is always the same is not an enum: the contract is read by more people than the events are."""
    names = field(["Ada"] * 100, "firstName")
    hidden = proposal({"to": "ada@example.com" if n % 2 else "", "source_ip": "n/a"} for n in range(1_000))

    assert names["x-pii"] is True
    assert "enum" not in names
    assert hidden.document["properties"]["to"]["x-pii"] is True
    assert hidden.document["properties"]["source_ip"]["x-pii"] is True
    assert "ada@example.com" not in json.dumps(hidden.document) + str(hidden.notes)


def test_numbers_sent_as_text_stay_text_and_are_pointed_out() -> None:
    """A silent change of type would reject every event that is sent today."""
    found = proposal({"age": str(n), "face_value": ""} for n in range(30))

    assert found.document["properties"]["age"]["type"] == "string"
    assert "Numbers" in found.document["properties"]["age"]["description"]
    assert "description" not in found.document["properties"]["face_value"]
    assert "or empty" in field(["80", ""])["description"]
    assert ("/properties/age", "numbers sent as text") in [(each.pointer, each.guess) for each in found.notes]


def test_bytes_are_counted_not_characters_and_rounded_up() -> None:
    """A column of text in Redshift counts bytes; twice what was seen leaves room."""
    assert field(["é" * 10, "a"])["x-max-bytes"] == 64
    assert field(["0f4c2d17-417a-4a20-ba73-3ee0aa0c1b2d"])["x-max-bytes"] == 36
    assert field(["a" * 60_000])["x-max-bytes"] == 65_535
    assert "x-max-bytes" not in field(["a" * 70_000])
    assert "x-max-bytes" not in field([""])


def test_types_that_mix_are_all_accepted_and_told() -> None:
    """Integers beside floats are numbers; a string beside an object is both."""
    mixed = proposal([{"a": 1}, {"a": {"b": "x"}}, {"a": ["x"]}, {"a": None}])

    assert mixed.document["properties"]["a"]["type"] == ["array", "integer", "null", "object"]
    assert field([1, 2.5])["type"] == "number"
    assert field([1, True])["type"] == ["boolean", "integer"]
    assert "several types" in [each.guess for each in mixed.notes]


def test_a_field_that_was_only_null_or_empty_accepts_what_comes_later() -> None:
    """Nothing is known of it, so nothing is demanded; and a field that comes later is no fault either."""
    document = proposal({"a": None, "list": [], "object": {}} for _ in range(100)).document

    assert (
        rejected(document, [{"a": value, "list": [value], "object": {"x": value}, "late": value} for value in (1, "x")])
        == 0
    )


def test_names_that_are_data_become_a_map() -> None:
    """A thousand user ids as keys are no thousand fields."""
    document = proposal({"by_user": {f"user-{n}": {"n": n}}} for n in range(1_000)).document
    found = document["properties"]["by_user"]

    assert "properties" not in found
    assert found["additionalProperties"]["properties"]["n"]["type"] == "integer"
    assert rejected(document, [{"by_user": {"user-new": {"n": 5}}}]) == 0


def test_depth_is_bounded() -> None:
    """A hundred levels are no contract: what is that deep is accepted as it is."""
    deep: Any = "x"
    for _ in range(150):
        deep = [{"a": deep}]
    document = proposal([{"deep": deep}]).document

    assert Contract.compile(document).validator.is_valid({"deep": deep})


def test_memory_does_not_grow_with_the_file() -> None:
    """A file of a gigabyte needs what one of a megabyte does."""

    def peak(rows: int) -> int:
        sample, rng = Sample(), random.Random(1)
        tracemalloc.start()
        for _ in range(rows):
            sample.add({"id": rng.random(), "text": rng.randbytes(50).hex(), "keys": {rng.randbytes(8).hex(): 1}})
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(8_000) < 1.5 * peak(2_000)


# Populations as they are met, by a seed


def page_events(rng: random.Random) -> dict[str, Any]:
    """Segment's page event, its answers filled in as people do."""
    event: dict[str, Any] = json.loads(PAGE)
    at = _time(rng)
    answers = event["properties"]
    answers |= {
        "age": rng.choice(["", *map(str, range(18, 90))]),
        "email": f"user{rng.randrange(10**6)}@example.com" if rng.random() < 0.3 else "",
        "gender": rng.choice(["male", "female", "other", ""]),
        "additional_health_status": rng.sample(["asthma", "diabetes", "smoker"], rng.randrange(3)),
        "visitorUUID": _uuid(rng),
    }
    for name in ("state", "policy_type"):
        if rng.random() < 0.5:
            del answers[name]
    event["context"]["ip"] = f"192.0.2.{rng.randrange(256)}"
    event["context"]["page"]["title"] = rng.choice(["Estimate", "Größe und Höhe", "x" * rng.randrange(1, 80)])
    event |= {"timestamp": at, "sentAt": at, "userId": str(rng.randrange(10**6)) if rng.random() < 0.6 else None}
    event |= {"anonymousId": _uuid(rng), "messageId": f"ajs-{rng.getrandbits(128):032x}"}
    return event


def cms_events(rng: random.Random) -> dict[str, Any]:
    """Events of a web application, with JSON inside text, nulls, and a long tail of topics."""
    return {
        "request_id": _uuid(rng),
        "request_timestamp": _time(rng).replace("T", " ")[:26],
        "topic": f"cms.wizard.{min(int(rng.paretovariate(0.7)), 400)}",
        "message": json.dumps({"language": rng.choice(["es", "de", "fr"]), "n": rng.randrange(9)}),
        "environment": "cms",
        "website_id": _uuid(rng) if rng.random() < 0.1 else None,
        "referrer": rng.choice(["https://www.example.com/" + "p" * rng.randrange(60), "", None]),
        "source": rng.choices(["adwords", "bing", "mail", "partner"], [600, 300, 99, 1])[0],
    }


def fleet_events(rng: random.Random) -> dict[str, Any]:
    """What a fleet of sensors sends: two kinds of events, one of them seldom."""
    event: dict[str, Any] = {
        "event_id": _uuid(rng),
        "device_id": _uuid(rng),
        "sequence": rng.randrange(50),
        "at": _time(rng),
    }
    if rng.random() < 0.9:
        return event | {
            "event_type": "new_process",
            "event_data": {"cmdl": "ls " + "a" * int(rng.expovariate(0.05)), "user": "root"},
        }
    data = {
        "source_ip": f"10.0.{rng.randrange(256)}.1",
        "destination_ip": "198.51.100.7",
        "destination_port": rng.randrange(65536),
    }
    return event | {"event_type": "network_connection", "event_data": data}


def order_events(rng: random.Random) -> dict[str, Any]:
    """An order with a list of products, prices that are whole or not, coupons now and then, and a map by warehouse."""
    products = [
        {"sku": f"{rng.randrange(10**5):05}", "price": rng.choice([10, 12.5]), "quantity": rng.randrange(1, 5)}
        | ({"coupon": "SALE"} if rng.random() < 0.05 else {})
        for _ in range(rng.randrange(1, 6))
    ]
    stock = {f"warehouse-{rng.randrange(5_000)}": rng.randrange(9) for _ in range(3)}
    return {
        "type": "track",
        "event": "Order Completed",
        "properties": {"products": products, "stock": stock, "total": rng.random()},
    }


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _time(rng: random.Random) -> str:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=rng.randrange(10**10))
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.prove)])
def test_a_proposal_outlives_releases_of_the_senders(seed: int) -> None:
    """What browsers and apps send in the first half of a rollout is enough for the second: a version is not an enum."""
    generator = TrackingGenerator(TrackingOptions(seed=seed, visitors=200, span=4_000))
    by_subject: dict[str, list[Any]] = {}
    for index in range(4_000):
        record = generator.record(index)
        by_subject.setdefault(record.plan.subject, []).append(json.loads(record.data))

    for records in by_subject.values():
        half = len(records) // 2
        document = proposal(records[:half]).document
        assert rejected(document, records[:half]) == 0
        assert rejected(document, records[half:]) == 0


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.prove)])
@pytest.mark.parametrize("population", [page_events, cms_events, fleet_events, order_events])
def test_a_proposal_accepts_its_sample_whole_and_the_other_half_but_for_a_thousandth(
    population: Callable[[random.Random], dict[str, Any]], seed: int
) -> None:
    """What people get proposed can be published without rejecting tomorrow's events."""
    rng = random.Random(seed)
    records = [population(rng) for _ in range(4_000)]
    half = proposal(records[:2_000]).document

    assert rejected(half, records[:2_000]) == 0
    assert rejected(half, records[2_000:]) <= 2
    assert rejected(proposal(records).document, records) == 0
