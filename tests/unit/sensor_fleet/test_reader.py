"""The reader: all of the stream, parents before children, however Kinesis serves it."""

from typing import Any

from sensor_fleet.reader import StreamReader
from tests.unit.sensor_fleet.scripted_kinesis import ScriptedKinesis, answer


class Heard:
    """Notes what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def shard(self, shard_id: str, _parents: tuple[str, ...]) -> None:
        """A shard."""
        self.told.append(shard_id)

    def read(self, shard_id: str, partition_key: str, data: bytes, sequence_number: str) -> None:
        """A record."""
        self.told.append(f"{shard_id}/{partition_key}/{data.decode()}")
        assert sequence_number


END: dict[str, Any] = {"NextShardIterator": None}


def _read(kinesis: ScriptedKinesis) -> list[str]:
    heard = Heard()
    client: Any = kinesis
    for _ in StreamReader(client, "events", heard).rounds_to_end():
        pass
    return heard.told


def test_an_empty_answer_is_not_the_end() -> None:
    """Kinesis may answer with nothing while there is more; only an empty answer that is not behind is the end."""
    answers = [answer("1", behind=9), answer(behind=5), answer("2", behind=0), answer("3"), answer()]

    assert _read(ScriptedKinesis({"a": []}, {"a": answers})) == ["a", "a/key/1", "a/key/2", "a/key/3"]


def test_parents_are_read_to_their_end_first() -> None:
    """Shards of a merge come after both parents' last records, wherever they stand in the list."""
    shards = {"child": ["left", "right"], "left": [], "right": []}
    answers = {
        "left": [answer("1"), answer("2", **END)],
        "right": [answer("3"), answer(behind=7), answer("4", **END)],
        "child": [answer("5"), answer()],
    }
    told = _read(ScriptedKinesis(shards, answers))

    assert sorted(told[:-2]) == ["left", "left/key/1", "left/key/2", "right", "right/key/3", "right/key/4"]
    assert told[-2:] == ["child", "child/key/5"]


def test_a_forgotten_parent_is_not_waited_for() -> None:
    """A shard whose parent has expired from the stream is read from its own beginning."""
    assert _read(ScriptedKinesis({"a": ["gone"]}, {"a": [answer("1"), answer()]})) == ["a", "a/key/1"]


def test_throttled_reads_are_made_again() -> None:
    """Five reads a second and shard is all AWS allows: a refusal costs time, not records."""
    kinesis = ScriptedKinesis({"a": []}, {"a": [answer("1"), answer()]})
    kinesis.throttle_next = 2

    assert _read(kinesis) == ["a", "a/key/1"]


def test_reading_goes_on_where_it_stopped() -> None:
    """A second look at a growing stream tells only what is new."""
    heard = Heard()
    client: Any = ScriptedKinesis({"a": []}, {"a": [answer("1"), answer(), answer("2"), answer()]})
    reader = StreamReader(client, "events", heard)
    first = sum(reader.rounds_to_end())
    second = sum(reader.rounds_to_end())

    assert (first, second) == (1, 1)
    assert heard.told == ["a", "a/key/1", "a/key/2"]
