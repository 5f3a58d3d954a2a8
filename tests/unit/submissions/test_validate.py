"""Which faults reject a submission, which only an event, and what is said of them."""

import gc
import json
from typing import Any

import pytest

from event_processor.rejects.reject import Reject
from event_processor.submissions.validate import Invalid, Submission, Valid, judge, open_submission
from event_processor.submissions.verdicts import verdicts
from tests.unit.samples import (
    DEVICE_ID,
    EVENT_TYPES,
    RECEIVED_AT,
    RULES,
    SUBMISSION_ID,
    TIME_CREATED,
    connection,
    delivery,
    faults,
    process,
    published,
    records,
    rejects,
    submission,
    whole_faults,
    without,
)

NOT_UUIDS = ["", "x", SUBMISSION_ID[:-1], SUBMISSION_ID + "0", SUBMISSION_ID.replace("-", ""), f"{{{SUBMISSION_ID}}}"]
NOT_UUIDS += [f"urn:uuid:{SUBMISSION_ID}", SUBMISSION_ID.replace("8", "g"), SUBMISSION_ID + "\n", f" {SUBMISSION_ID}"]
NOT_TIMES = ["", "now", "2021-03-28", "2021-W12-7", "15:44:18", "1616946258", "2021-02-30T00:00:00", "2021-03-28T25:00"]
NOT_TIMES += [
    "2021-03-28T15:44:18+99:00",
    "\u0662\u0660\u0662\u0661-03-28T15:44:18",
    "2021-03-28T15:44:18 ",
    " 2021-03-28T15:44:18",
]
NOT_IPV4 = ["", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.04", "::1", "1.2.3.4/8", "1.2.3.4\n", " 1.2.3.4"]
NOT_TEXTS: list[Any] = [None, 1, 1.5, True, ["whoami"], {"a": 1}]
NOT_INTEGERS: list[Any] = [None, "80", 80.0, 80.5, True, False, [80], {}]
NOT_IPV4 += ["0x1.2.3.4", "\u0661.2.3.4", "1.2.3.-4", "1..3.4", "3232235522"]


@pytest.mark.parametrize("name", ["submission_id", "device_id"])
class TestIds:
    """Ids of submission and device."""

    def test_missing(self, name: str) -> None:
        """A submission without an id is rejected as a whole."""
        assert whole_faults(without(submission(), name)) == [("missing_field", f"/{name}")]

    @pytest.mark.parametrize("value", NOT_UUIDS)
    def test_not_a_uuid(self, name: str, value: str) -> None:
        """An id that is not a UUID in its canonical form rejects the submission as a whole."""
        assert whole_faults(submission(**{name: value})) == [("not_a_uuid", f"/{name}")]

    @pytest.mark.parametrize("value", [None, 7, True, [], {}, [SUBMISSION_ID]])
    def test_wrong_type(self, name: str, value: Any) -> None:
        """An id that is not even a string rejects the submission as a whole."""
        assert whole_faults(submission(**{name: value})) == [("wrong_type", f"/{name}")]

    @pytest.mark.parametrize("value", [SUBMISSION_ID.upper(), "00000000-0000-0000-0000-000000000000"])
    def test_sound(self, name: str, value: str) -> None:
        """Any UUID will do, of any version and in either case, and is published as it was written."""
        assert {json.loads(record.data)[name] for record in records(submission(**{name: value}))} == {value}


class TestTimeCreated:
    """The sensor's own time."""

    def test_missing(self) -> None:
        """A submission without a time is rejected as a whole."""
        assert whole_faults(without(submission(), "time_created")) == [("missing_field", "/time_created")]

    @pytest.mark.parametrize("value", NOT_TIMES)
    def test_not_a_time(self, value: str) -> None:
        """A time that cannot be parsed, or is a date only, rejects the submission as a whole."""
        assert whole_faults(submission(time_created=value)) == [("not_a_time", "/time_created")]

    @pytest.mark.parametrize("value", [None, 1616946258, 1616946258.5, True, [TIME_CREATED]])
    def test_wrong_type(self, value: Any) -> None:
        """A time that is not a string rejects the submission as a whole."""
        assert whole_faults(submission(time_created=value)) == [("wrong_type", "/time_created")]

    @pytest.mark.parametrize("suffix", ["", "Z", "+02:00", "-11:30"])
    def test_offset(self, suffix: str) -> None:
        """Device local time has no offset, but one is fine; it is published as it was written."""
        value = TIME_CREATED + suffix

        assert json.loads(records(submission(time_created=value))[0].data)["time_created"] == value


class TestEvents:
    """The object that maps event types to lists."""

    def test_missing(self) -> None:
        """A submission without events is rejected as a whole."""
        assert whole_faults(without(submission(), "events")) == [("missing_field", "/events")]

    def test_empty(self) -> None:
        """An empty object of events rejects the submission as a whole."""
        assert whole_faults(submission(events={})) == [("empty", "/events")]

    @pytest.mark.parametrize("value", [None, [], [process()], "new_process", 1, True])
    def test_not_an_object(self, value: Any) -> None:
        """Events that are not an object reject the submission as a whole."""
        assert whole_faults(submission(events=value)) == [("not_an_object", "/events")]

    @pytest.mark.parametrize("events", [[], [{}], [process()]])
    def test_unknown_type(self, events: list[Any]) -> None:
        """An unknown event type rejects the submission as a whole, its list being empty or not."""
        body = submission(events={"new_process": [process()], "new_thread": events})

        assert whole_faults(body) == [("unknown_event_type", "/events/new_thread")]

    @pytest.mark.parametrize("value", [None, {}, process(), "[]", 0, False])
    def test_not_a_list(self, value: Any) -> None:
        """An event type whose value is not a list rejects the submission as a whole."""
        body = submission(events={"new_process": value, "network_connection": [connection()]})

        assert whole_faults(body) == [("not_a_list", "/events/new_process")]

    @pytest.mark.parametrize(
        "events", [{"new_process": [], "network_connection": []}, {"new_process": []}, {"network_connection": []}]
    )
    def test_nothing_to_publish(self, events: dict[str, Any]) -> None:
        """Empty lists are valid: nothing to publish, nothing to reject."""
        assert records(submission(events=events)) == []
        assert rejects(submission(events=events)) == []

    @pytest.mark.parametrize("name", ["new_process", "network_connection"])
    def test_one_type_alone(self, name: str) -> None:
        """A submission need not name all event types."""
        event = process() if name == "new_process" else connection()

        assert published(submission(events={name: [event]})) == [event]


def test_every_fault_of_the_envelope() -> None:
    """All that is wrong with an envelope is reported at once."""
    body = {"device_id": "x", "time_created": 5, "events": {"new_process": 1, "other": []}}

    assert whole_faults(body) == [
        ("missing_field", "/submission_id"),
        ("not_a_uuid", "/device_id"),
        ("wrong_type", "/time_created"),
        ("not_a_list", "/events/new_process"),
        ("unknown_event_type", "/events/other"),
    ]


def test_sound_ids_are_kept() -> None:
    """A rejected submission is filed under those of its ids that are sound."""
    [neither] = rejects(submission(submission_id="x", device_id=None))
    [device] = rejects(submission(submission_id=1, events={}))
    [both] = rejects(submission(events={}))

    assert (neither.submission_id, neither.device_id) == (None, None)
    assert (device.submission_id, device.device_id) == (None, DEVICE_ID)
    assert (both.submission_id, both.device_id) == (SUBMISSION_ID, DEVICE_ID)


def test_a_flood_of_faults_is_capped() -> None:
    """A hostile envelope with tens of thousands of faults makes one reject that any log and any queue still takes."""
    [reject] = rejects(submission(events={f"{number:x}": 0 for number in range(20_000)}))

    assert len(reject.faults) == 100
    assert len(json.dumps(reject.summary())) < 50_000


@pytest.mark.parametrize(
    "name", ["a key with blanks", "pass/word", "x" * 65, "č", "", "\x00", "\n", "[key]", "a~b", '"']
)
def test_odd_names_are_not_repeated(name: str) -> None:
    """The name of an unknown event type shows in the pointer only if it looks like a name: it may be a password."""
    [(reason, pointer)] = whole_faults(submission(events={name: []}))

    assert reason == "unknown_event_type"
    assert pointer in {"/events/?", "/events"}


class TestRepeatedKeys:
    """A key that appears twice: nobody can say what it means."""

    def test_in_the_submission(self) -> None:
        """A submission that names a field twice is rejected as a whole, even if both say the same."""
        body = json.dumps(submission())[:-1] + f', "device_id": "{DEVICE_ID}"}}'

        assert whole_faults(body) == [("repeated_key", "")]

    def test_in_the_events(self) -> None:
        """An event type that appears twice rejects the submission as a whole."""
        body = json.dumps(submission()).replace('"events": {', '"events": {"new_process": [], ')

        assert whole_faults(body) == [("repeated_key", "/events")]

    def test_in_an_event(self) -> None:
        """A field that appears twice in an event rejects that event alone, and the reject shows both values."""
        body = json.dumps(submission()).replace('"cmdl": ', '"cmdl": "x", "cmdl": ')

        [reject] = rejects(body)
        assert faults(reject) == [("repeated_key", "/events/new_process/0")]
        assert reject.original == '{"cmdl": "x", "cmdl": "whoami", "user": "admin"}'
        assert published(body) == [connection()]

    def test_in_what_nobody_reads(self) -> None:
        """In a field that is ignored anyway, a repeated key is ignored as well."""
        body = json.dumps(submission())[:-1] + ', "x": {"a": 1, "a": 2}}'

        assert published(body) == [process(), connection()]


class TestEventFaults:
    """Faults that reject one event."""

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            *[(without(process(), name), [("missing_field", name)]) for name in ("cmdl", "user")],
            *[(process(**{name: ""}), [("empty", name)]) for name in ("cmdl", "user")],
            *[(process(**{name: value}), [("wrong_type", name)]) for name in ("cmdl", "user") for value in NOT_TEXTS],
            ({}, [("missing_field", "cmdl"), ("missing_field", "user")]),
            ({"cmdl": ""}, [("empty", "cmdl"), ("missing_field", "user")]),
            (process(cmdl=0, user=""), [("wrong_type", "cmdl"), ("empty", "user")]),
        ],
        ids=repr,
    )
    def test_new_process(self, event: Any, expected: list[tuple[str, str]]) -> None:
        """A process needs a command line and a user, strings both and not empty; every fault is reported."""
        self._rejects_alone("new_process", process(), event, expected)

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            *[
                (without(connection(), name), [("missing_field", name)])
                for name in ("source_ip", "destination_ip", "destination_port")
            ],
            *[
                (connection(**{name: value}), [("not_ipv4", name)])
                for name in ("source_ip", "destination_ip")
                for value in NOT_IPV4
            ],
            *[(connection(source_ip=value), [("wrong_type", "source_ip")]) for value in NOT_TEXTS],
            *[(connection(destination_port=value), [("wrong_type", "destination_port")]) for value in NOT_INTEGERS],
            *[
                (connection(destination_port=value), [("out_of_range", "destination_port")])
                for value in (-1, 65536, 2**63, 2**64, -(2**70))
            ],
            (
                {"source_ip": "x", "destination_port": "80"},
                [("not_ipv4", "source_ip"), ("missing_field", "destination_ip"), ("wrong_type", "destination_port")],
            ),
        ],
        ids=repr,
    )
    def test_network_connection(self, event: Any, expected: list[tuple[str, str]]) -> None:
        """A connection needs two dotted IPv4 addresses and an integer port in range; every fault is reported."""
        self._rejects_alone("network_connection", connection(), event, expected)

    @pytest.mark.parametrize("event", [None, 1, 1.5, True, "whoami", [], [process()]])
    def test_not_an_object(self, event: Any) -> None:
        """An event that is not an object is rejected alone."""
        self._rejects_alone("new_process", process(), event, [("not_an_object", "")])

    def _rejects_alone(self, name: str, sound: Any, event: Any, expected: list[tuple[str, str]]) -> None:
        body = submission(events={name: [sound, event, sound]})
        [reject] = rejects(body)

        pointers = [(reason, f"/events/{name}/1" + (f"/{field}" if field else "")) for reason, field in expected]
        assert faults(reject) == pointers
        assert json.loads(reject.original) == event
        assert (reject.event_type, reject.sequence) == (name, 1)
        assert published(body) == [sound, sound]

    @pytest.mark.parametrize("port", [0, 1, 65535])
    def test_ports_at_the_edge(self, port: int) -> None:
        """The whole range of ports is sound."""
        event = connection(destination_port=port, source_ip="0.0.0.0", destination_ip="255.255.255.255")

        assert published(submission(events={"network_connection": [event]})) == [event]


def test_unknown_fields() -> None:
    """Fields nobody knows are ignored, at every level, and are not published."""
    body = submission(events={"new_process": [process(extra={"a": 1}, pid=4)]}, version=3, more=[{}])

    [record] = records(body)
    assert json.loads(record.data)["event_data"] == process()
    assert not {"version", "more"} & set(json.loads(record.data))


def test_submission_order() -> None:
    """Events come in the document's own order, types as they appear, rejected ones in their places."""
    body = submission(
        events={"network_connection": [connection(), {}], "new_process": [None, process(cmdl="a"), process(cmdl="b")]}
    )
    envelope = open_submission(body, EVENT_TYPES)
    assert isinstance(envelope, Submission)

    verdicts = list(judge(envelope, EVENT_TYPES))

    assert [isinstance(verdict, Valid) for verdict in verdicts] == [True, False, False, True, True]
    assert [(v.event_type, v.sequence) for v in verdicts] == [
        ("network_connection", 0),
        ("network_connection", 1),
        ("new_process", 2),
        ("new_process", 3),
        ("new_process", 4),
    ]
    assert [v.position for v in verdicts if isinstance(v, Valid)] == [0, 1, 2]


@pytest.mark.parametrize("shape", [[0] * 15_000, [process(), *[{}] * 15_000]], ids=["numbers", "objects"])
def test_verdicts_are_lazy(shape: list[Any]) -> None:
    """Of 15,000 faulty events two rejects at most exist at a time: a hostile body must not fill the memory."""

    def in_memory() -> int:
        return sum(type(thing) in {Reject, Invalid} for thing in gc.get_objects())

    gc.collect()
    others = in_memory()  # what other tests of this process have left
    text = json.dumps(submission(events={"new_process": shape}))
    made = enumerate(verdicts(text, delivery(text).origin, RULES, RECEIVED_AT))
    number = 0

    for number, _ in made:
        if number % 5_000 == 2_500:
            assert in_memory() - others <= 4

    assert number >= 14_999
