"""All policies against the same submissions and the same faults: `python -m benchmarks.faults`."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.faults.policies import POLICIES, Policy
from event_processor.publishing.stream import Answer, Record
from event_processor.rejects.reject import Origin
from event_processor.submissions.event_models import EventModels
from event_processor.submissions.verdicts import verdicts
from event_processor.submissions.written_event import RecordRules
from event_processor.testing import Fate, MemoryStream
from sensor_fleet.generator import Generator, Options
from sensor_fleet.oracle import Oracle
from sensor_fleet.report import Report

SUBMISSIONS = 2000
SHARDS = 4
SEED = 7
FAULTS = {
    "5 % of all records refused": (0.05, 0.0),
    "5 % refused, 10 % of all calls without an answer (half of them stored)": (0.05, 0.1),
}


def main() -> None:
    """Print a table for each kind of fault."""
    for title, (refuse, unanswered) in FAULTS.items():
        print(f"\n### {title}\n")
        print("| policy | lost | repeated | out of order | calls | events a call |")
        print("|---|---|---|---|---|---|")
        for policy in POLICIES:
            report, calls = judge(policy, refuse, unanswered)
            lost, disordered = report.violations["missing"], report.violations["out_of_order"]
            name = policy.__name__.replace("_", " ")
            print(
                f"| {name} | {lost:,} | {report.repeats:,} | {disordered:,} | {calls:,} | {report.found / calls:,.0f} |"
            )


def judge(policy: Policy, refuse: float, unanswered: float) -> tuple[Report, int]:
    """The oracle's report on the stream that a policy leaves behind, and the calls it took."""
    generator = Generator(Options(seed=SEED, spoil=0.0))
    submissions = [generator.submission(number) for number in range(SUBMISSIONS)]
    chance = random.Random(SEED)
    stream = MemoryStream(SHARDS)
    stream.refuse = lambda _: "InternalFailure" if chance.random() < refuse else None
    stream.fate = lambda _: _fate(chance, unanswered)
    calls = 0

    def put(records: Sequence[Record]) -> Sequence[Answer]:
        nonlocal calls
        calls += 1
        return stream.put(records)

    policy([_records(submission.body) for submission in submissions], put)

    oracle = Oracle()
    for submission in submissions:
        oracle.plan(submission.plan)
        oracle.confirm(submission.plan.submission_id)
    for shard_id in sorted({stored.shard_id for stored in stream.stored}):
        oracle.shard(shard_id)
    for stored in stream.stored:
        oracle.read(stored.shard_id, stored.record.partition_key, stored.record.data)
    return oracle.report(), calls


def _fate(chance: random.Random, unanswered: float) -> Fate:
    if chance.random() >= unanswered:
        return Fate.ANSWERED
    return Fate.ANSWER_LOST if chance.random() < 0.5 else Fate.REQUEST_LOST


def _records(body: str) -> list[Record]:
    now = datetime.now(UTC)
    found = verdicts(
        body,
        Origin("queue", "submissions", "message", 1, now, now),
        RecordRules("device_id", 2**20, EventModels()),
        now,
    )
    return [record for record in found if isinstance(record, Record)]


if __name__ == "__main__":
    main()
