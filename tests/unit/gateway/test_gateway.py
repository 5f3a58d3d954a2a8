"""The gateway rule by rule, with a stream in memory and a clock by hand."""

from datetime import timedelta

from event_processor.contracts.judge import Refused
from event_processor.gateway.envelopes import Offer
from event_processor.gateway.pending import Unfinished
from event_processor.publishing.publisher import PUT_RECORDS_MAX
from event_processor.publishing.stream import Acknowledged
from event_processor.publishing.stream import Refused as NotStored
from event_processor.verdict import Reason, Stage
from tests.gateways import DEADLINE_SECONDS, LINGER_SECONDS, Scene


def test_a_record_is_answered_when_the_stream_has_it() -> None:
    """Nothing is answered before its acknowledgement, and what is published is the bytes that came."""
    scene = Scene()
    data = b'{"name": "ada",   "age": 36}'
    pending = scene.take(data)
    scene.linger()

    assert not pending.is_done
    scene.carry()

    assert pending.results == [Acknowledged("shardId-000000000000", 1)]
    assert [(stored.record.data, stored.record.partition_key) for stored in scene.stream.stored] == [(data, "ada")]
    assert (scene.gateway.records, scene.gateway.size_bytes, scene.gateway.waiting) == (0, 0, 0)


def test_records_of_a_key_go_one_at_a_time() -> None:
    """Of one key one record is on the wire, those behind it wait, and a refusal lets none of them overtake it."""
    scene = Scene()
    pending = scene.take(*({"name": "ada", "n": n} for n in range(3)), {"name": "bob", "n": 9})
    scene.linger()

    assert scene.carry(lambda records: [NotStored("InternalFailure")] * len(records)) == 2
    assert scene.carry() == 0
    scene.clock.advance(1.0)
    while scene.carry():
        pass

    assert pending.is_done
    assert [event["n"] for event in scene.stream.events() if event["name"] == "ada"] == [0, 1, 2]


def test_a_wave_lingers_for_company_unless_it_is_full() -> None:
    """A record waits for others for the linger and no longer, and a full wave waits for nothing."""
    scene = Scene()
    scene.take({"name": "ada"})
    assert scene.wave() is None
    assert scene.line.ready_at(scene.now) == scene.now + LINGER_SECONDS
    scene.clock.advance(LINGER_SECONDS / 2)
    scene.take({"name": "bob"})
    scene.clock.advance(LINGER_SECONDS / 2)
    assert scene.carry() == 2

    scene.take(*({"name": str(n)} for n in range(PUT_RECORDS_MAX)))
    assert scene.carry() == PUT_RECORDS_MAX


def test_a_refused_record_is_answered_when_its_reject_is_kept() -> None:
    """All faults are told, and only once the reject is safe; its stream and number make its id."""
    scene = Scene()
    pending = scene.take({"name": "ada", "age": "old"})

    assert not pending.is_done
    [refusal] = scene.keep()

    [result] = pending.results
    assert isinstance(result, Refused)
    assert result.faults[0].reason is Reason.WRONG_TYPE
    origin = refusal.reject.origin
    assert (origin.kind, origin.name, origin.id) == ("door", "people", "door-1/1")
    assert scene.observer.of("rejected") == [([refusal.reject],)]
    assert scene.gateway.records == 0


def test_a_reject_that_cannot_be_stored_is_no_answer() -> None:
    """While the store is down, a faulty record is unfinished, so that its client comes again."""
    scene = Scene()
    pending = scene.take({"age": "old"})
    scene.keep(is_safe=False)

    assert [type(result) for result in pending.results] == [Unfinished]
    assert scene.observer.of("rejected") == []


def test_counted_rejects_wait_for_no_store() -> None:
    """A stream whose rejects are only counted answers at once."""
    scene = Scene(rejects="count")
    pending = scene.take({"age": "old"})

    assert pending.is_done
    assert scene.gateway.next_refusals(10) == []
    assert len(scene.observer.of("rejected")) == 1


def test_whoever_waits_too_long_is_told_and_forgotten() -> None:
    """At its deadline a request is unfinished, and what is not on the wire is not sent any more."""
    scene = Scene()
    pending = scene.take({"name": "ada", "n": 1}, {"name": "ada", "n": 2})
    scene.linger()
    wave = scene.wave()
    assert wave is not None
    scene.clock.advance(DEADLINE_SECONDS)
    later = scene.take({"name": "ada", "n": 3})
    scene.gateway.give_up(scene.now)

    assert [type(result) for result in pending.results] == [Unfinished, Unfinished]
    assert scene.gateway.records == 2, "the one on the wire, and the later request's"
    scene.gateway.settle(scene.line, wave, scene.stream.put(wave.records), scene.now)
    scene.linger()
    scene.carry()

    assert later.is_done
    assert [event["n"] for event in scene.stream.events()] == [1, 3]
    assert (scene.gateway.records, scene.gateway.size_bytes, scene.gateway.waiting) == (0, 0, 0)


def test_what_was_given_up_on_the_wire_does_not_go_again() -> None:
    """A record whose call failed after its deadline is dropped, and what it held is given back."""
    scene = Scene()
    scene.take({"name": "ada"})
    scene.linger()
    wave = scene.wave()
    assert wave is not None
    scene.clock.advance(DEADLINE_SECONDS)
    scene.gateway.give_up(scene.now)
    scene.gateway.settle(scene.line, wave, None, scene.now)
    scene.gateway.give_up(scene.now)
    scene.clock.advance(60)

    assert scene.wave() is None
    assert (scene.gateway.records, scene.gateway.size_bytes) == (0, 0)


def test_what_is_in_hand_is_bounded() -> None:
    """A request without room for all of its records is not taken at all, and neither are bytes without room."""
    scene = Scene(most_records=3, most_bytes=100)
    scene.take({"name": "ada"}, {"name": "bob"})
    offers = [Offer(b"{}", None)] * 2

    assert scene.gateway.take("people", offers, scene.clock.now(), scene.now, scene.now) is None
    assert not scene.gateway.hold(90)
    assert scene.gateway.hold(50)
    scene.gateway.release(50)
    scene.linger()
    scene.carry()
    assert scene.gateway.take("people", offers, scene.clock.now(), scene.now, scene.now) is not None


def test_the_partition_key_is_the_clients_the_records_or_a_new_one() -> None:
    """The client's key comes first, then the stream's field of the record, then its id, then a random one."""
    scene = Scene()
    scene.take({"name": "ada"}, key="mine")
    scene.take({"name": "ada", "id": "1"}, {"id": "2"}, {"name": 7}, {"name": ""}, {"name": "x" * 257})
    scene.linger()
    scene.carry()

    keys = [stored.record.partition_key for stored in scene.stream.stored]
    assert keys == ["mine", "ada", "2", "random-1", "random-2", "random-3"]


def test_too_large_for_the_stream() -> None:
    """A record over the stream's limit, key included, is refused at the stage of size and never sent."""
    scene = Scene()
    pending = scene.take({"name": "ada", "text": "x" * 1000})
    scene.keep()

    [result] = pending.results
    assert isinstance(result, Refused)
    assert (result.stage, result.faults[0].reason) == (Stage.SIZE, Reason.TOO_LARGE)


def test_what_the_stream_will_never_take_is_refused() -> None:
    """A record that is refused alone for what it is, while others pass, is answered as refused, and nobody waits on."""
    scene = Scene()
    bad, good = scene.take({"name": "bad"}), scene.take({"name": "good"})
    scene.linger()
    for _ in range(5):
        wave = scene.wave()
        if wave is not None and any(b"bad" in record.data for record in wave.records):
            scene.gateway.blame(scene.line, wave.lanes, together=True, now=scene.now)
        elif wave is not None:
            scene.gateway.settle(scene.line, wave, scene.stream.put(wave.records), scene.now)
        scene.clock.advance(5)
    scene.keep()

    assert [type(result) for result in (*bad.results, *good.results)] == [Refused, Acknowledged]
    assert (scene.gateway.records, scene.gateway.size_bytes) == (0, 0)


def test_contracts_that_are_not_read_refuse_nothing() -> None:
    """With a registry that was not read of late, a fault by contract is no verdict, but sound records pass."""
    scene = Scene()
    scene.clock.advance(6)
    pending = scene.take({"age": "old"}, {"name": "ada"}, b"[]")
    scene.keep()
    scene.linger()
    scene.carry()

    assert [type(result) for result in pending.results] == [Unfinished, Acknowledged, Refused]
    assert scene.clock.now() - scene.contracts.current.read_at > timedelta(seconds=5)


def test_a_bug_in_judging_refuses_one_record() -> None:
    """Our own failure on a record is told, and its neighbours are judged."""
    scene = Scene()

    class Broken:
        def judge(self, data: bytes, contracts: object) -> object:  # noqa: ARG002 - a judge's
            raise RuntimeError(data)

    scene.line.judge = Broken()  # type: ignore[assignment]
    pending = scene.take({"name": "ada"})
    scene.keep()

    assert [type(result) for result in pending.results] == [Refused]
    assert len(scene.observer.of("broken")) == 1
