"""Sends records through a door by several clients, and notes what each was answered."""

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import count
from random import Random
from typing import Any, Final

import orjson

from sensor_fleet.door.client import MOST_RECORDS, DoorClient, Result
from sensor_fleet.door.faults import Faults
from sensor_fleet.tracking.generator import TrackingGenerator
from sensor_fleet.tracking.manifest import BROKEN, Answered, TrackingManifest
from sensor_fleet.tracking.plan import TrackingRecord, digest

_SHARE_OF_ASCII: Final = 0.5


def named(status: int) -> str:
    """What a status is called."""
    return "broken connection" if status == BROKEN else str(status)


class DoorTally:
    """The figures of the summary; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[int] = Counter()

    def add(self, results: Sequence[Result]) -> None:
        """Count the answers to some records."""
        with self._lock:
            self._answers.update(result.status for result in results)

    @property
    def answered(self) -> int:
        """How many records have been sent and answered, or lost their connection."""
        return self._answers.total()

    def as_json(self) -> dict[str, Any]:
        """The figures for machines."""
        answers = {named(status): number for status, number in sorted(self._answers.items())}
        return {"sent": self.answered, "answers": answers}

    def as_line(self) -> str:
        """The figures for people."""
        answers = [f"{number:,} {named(status)}" for status, number in self._answers.most_common()]
        return f"sent {self.answered:,} records: {', '.join(answers) or 'none'}"


class _Client:
    """What one thread has for itself."""

    def __init__(self, number: int, connection: DoorClient, seed: int) -> None:
        self.number, self.connection = number, connection
        self.rng = Random(f"{seed}/client-{number}")


def _rewritten(data: bytes, rng: Random) -> bytes:
    """The same value in other bytes, so that a door that parses and writes again is found out."""
    separators = rng.choice(((", ", ": "), (" ,", ":  "), (",", ":\n")))
    return json.dumps(orjson.loads(data), ensure_ascii=rng.random() < _SHARE_OF_ASCII, separators=separators).encode()


class DoorSender:
    """`send` may be called by any number of threads, each of which is a client of its own. Nothing is sent twice."""

    def __init__(
        self,
        url: str,
        key: str | None,
        generators: Mapping[str, TrackingGenerator],
        batch: tuple[int, int],
        seed: int,
        manifest: TrackingManifest,
        stop: threading.Event,
        faults: Faults | None = None,
    ) -> None:
        self._url, self._key, self._batch, self._seed, self._faults = url, key, batch, seed, faults or Faults((), seed)
        self._generators, self._names = generators, list(generators)
        self._manifest, self._stop = manifest, stop
        self._numbers = count(1)
        self._own = threading.local()
        self.tally = DoorTally()

    def send(self, indices: Sequence[int]) -> None:
        """The records of these indices, in requests of as many as each draws."""
        client = self._client()
        left = list(indices)
        while left:
            number = client.rng.randint(*self._batch)
            due, left = left[:number], left[number:]
            stream = client.rng.choice(self._names)
            made = [record for index in due for record in self._records(client, stream, index)]
            for first in range(0, len(made), MOST_RECORDS):
                self._request(client, made[first : first + MOST_RECORDS])

    def _client(self) -> _Client:
        if not hasattr(self._own, "client"):
            self._own.client = _Client(next(self._numbers), DoorClient(self._url, self._key), self._seed)
        client: _Client = self._own.client
        return client

    def _records(self, client: _Client, stream: str, index: int) -> Iterator[TrackingRecord]:
        """What is sent for an index; what is sent twice is the same object twice."""
        made: TrackingRecord | None = None
        for found in self._faults.records(self._generators[stream], index):
            if made is None or found.plan.message_id != made.plan.message_id:
                data = found.data if found.plan.faults else _rewritten(found.data, client.rng)
                key, number = found.partition_key, client.number
                plan = found.plan._replace(stream=stream, key=key, client=number, digest=digest(data))
                made = found._replace(plan=plan, data=data)
            yield made

    def _request(self, client: _Client, records: Sequence[TrackingRecord]) -> None:
        self._manifest.planned({id(record): record.plan for record in records}.values())
        answer = client.connection.send(records)
        if puts := [result.put for result in answer.results if result.status == HTTPStatus.OK and result.put]:
            self._manifest.sent(puts)
        others: defaultdict[int, list[str]] = defaultdict(list)
        for record, result in zip(records, answer.results, strict=True):
            if result.put is None:
                others[result.status].append(record.plan.message_id)
        for status, message_ids in others.items():
            self._manifest.answered(Answered(status, message_ids))
        self.tally.add(answer.results)
        self._stop.wait(answer.pause_seconds)
