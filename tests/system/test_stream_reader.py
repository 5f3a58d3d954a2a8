"""A process that reads a stream, killed at any moment while shards are split and merged and anything may fail."""

import random
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.eventually import eventually
from tests.system.processes import Child, Emulator

STREAM = "events"
KEYS = 8


class Sender:
    """Puts records on the stream in the order of their numbers, a key's one after the other, and reshards."""

    def __init__(self, emulator: Emulator) -> None:
        self._kinesis = emulator.kinesis
        self.sent = 0

    def put(self) -> None:
        """One record of each key."""
        for key in range(KEYS):
            self._kinesis.put_record(StreamName=STREAM, Data=str(self.sent).encode(), PartitionKey=str(key))
            self.sent += 1

    @contextmanager
    def sending(self) -> Iterator[None]:
        """In the background."""
        is_over = Event()

        def send() -> None:
            while not is_over.wait(0.02):
                self.put()

        thread = Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


def read_lines(folder: Path) -> list[list[str]]:
    """Whole lines: process, shard, sequence, number."""
    with suppress(FileNotFoundError):
        return [line.split() for line in (folder / "read").read_text().splitlines(keepends=True) if line.endswith("\n")]
    return []


def check(lines: list[list[str]], sent: int) -> None:
    """Each record once at least; each process in order within a shard; each key in order, repeats left out."""
    assert {int(line[3]) for line in lines if len(line) == 4} == set(range(sent))
    by_reading: dict[tuple[str, str], list[int]] = defaultdict(list)
    by_key: dict[int, list[int]] = defaultdict(list)
    for process, shard, sequence, number in (line for line in lines if len(line) == 4):
        by_reading[process, shard].append(int(sequence))
        by_key[int(number) % KEYS].append(int(number))
    assert all(numbers == sorted(set(numbers)) for numbers in by_reading.values())
    for numbers in by_key.values():
        first_times = list(dict.fromkeys(numbers))
        assert first_times == sorted(first_times)


def reshard(emulator: Emulator, chance: random.Random) -> None:
    """Split or merge some shard."""
    action = chance.choice(["split_shard", "merge_shards", "split_shard"])
    with suppress(HTTPError):  # there may be only one shard
        emulator.admin("POST", "action", {"do": action, "stream": STREAM})


FAULTS: list[dict[str, Any]] = [
    {},
    {"throttle_reads": True},
    {"iterator_seconds": 0.3},
    {"empty_reads": 0.5},
    {"fail_call": 0.3, "lose_answer": 0.2, "fail_operations": ["GetRecords", "ListShards"]},
]


def spoil(lock: Path) -> None:
    """The store of checkpoints fails: where its lock should be is a folder."""
    for _ in range(100):  # the reader may be quicker to make its lock again
        with suppress(OSError):
            lock.unlink(missing_ok=True)
            lock.mkdir()
            return


def fix(lock: Path) -> None:
    """The store works again."""
    with suppress(OSError):
        lock.rmdir()


@pytest.mark.prove
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    """Kills, splits, merges, expired iterators, throttling and a broken store: at least once, and in order."""
    chance = random.Random(seed)
    with Emulator(tmp_path) as emulator:
        emulator.kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        sender, lock = Sender(emulator), tmp_path / "state" / "inspect" / STREAM / "lock"
        arguments = ["tests.system.stream_reader", emulator.endpoint, STREAM, str(tmp_path)]
        with sender.sending():
            for _ in range(6):
                before = len(read_lines(tmp_path))
                with Child(tmp_path, arguments, {}) as child:
                    for _ in range(3):
                        time.sleep(chance.uniform(0.1, 0.9))  # a moment like any other
                        emulator.set_faults(**chance.choice(FAULTS))
                        chance.choice([spoil, fix])(lock)
                        reshard(emulator, chance)
                    fix(lock)
                    eventually(lambda: len(read_lines(tmp_path)) > before, "something to be read")  # noqa: B023
                    assert child.is_running, child.errors
        emulator.set_faults()
        with Child(tmp_path, arguments, {}) as child:
            sent = sender.sent
            eventually(lambda: {int(each[3]) for each in read_lines(tmp_path) if len(each) == 4} >= set(range(sent)))
            child.signal(signal.SIGTERM)
            assert child.exit_code() == 0, child.errors

        check(read_lines(tmp_path), sent)
