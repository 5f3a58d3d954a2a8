"""One round: emulator, fleet and processors as processes, faults and chaos over them, and the verdict."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from event_processor.aws.provisioning import Provisioner
from tests.eventually import eventually
from tests.soak.findings import Findings
from tests.soak.replica import Replica
from tests.soak.scenario import Load, Scenario
from tests.soak.troubles import Troubles, around
from tests.system.processes import Emulator, Fleet

_RECOVERY_SECONDS = 120
_NEVER = 1000  # receives until a message is a dead letter: not while processors are killed all the time


class World:
    """The emulator, through what any client sees and through its admin endpoint."""

    def __init__(self, aws: Emulator, queue: str) -> None:
        self._aws = aws
        list(Provisioner(aws.sqs, aws.kinesis).provision(queue, "submissions-rejects", "events", 2))
        self._url = aws.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        redrive = json.loads(self._attributes()["RedrivePolicy"]) | {"maxReceiveCount": _NEVER}
        aws.sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"RedrivePolicy": json.dumps(redrive)})

    def admin(self, method: str, what: str, body: Mapping[str, object] | None = None) -> Any:
        """Ask the admin endpoint, or with a body tell it."""
        return self._aws.admin(method, what, body)

    def start(self, plan: str) -> None:
        """Start a fault plan now: on a slow machine, too, its faults meet processors at work."""
        self._aws.admin("POST", "plan", plan)

    def plan_is_over(self) -> bool:
        """Whether all phases have ended and all actions are done."""
        return bool(self.admin("GET", "faults")["plan"]["state"] == "over")

    def let_a_day_pass(self) -> None:
        """What was received while the clock was ahead would be hidden until it gets there again.

        Nearly a day: then the records of the stream go.
        """
        self._aws.set_faults(clock_offset_seconds=80_000.0)

    def messages(self) -> int:
        """On the queue: visible, in somebody's hands, or delayed."""
        return sum(int(value) for name, value in self._attributes().items() if name.startswith("ApproximateNumber"))

    def _attributes(self) -> dict[str, str]:
        found = self._aws.sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])
        return {str(name): value for name, value in found["Attributes"].items()}


def play(scenario: Scenario, folder: Path) -> Findings:
    """Play a round and judge it. AssertionError says what was broken; what the processes said is in the folder."""
    rejects = folder / "rejects.ndjson"
    with Emulator(folder) as aws:
        world = World(aws, scenario.queue)
        with around(scenario, aws.endpoint) as troubles, _deployed(scenario, folder, troubles, rejects) as replicas:
            for replica in replicas:
                assert replica.at_work.wait(120), "a processor does not get to work"
            world.start(scenario.plan)
            fleet, sent = _send(scenario, folder, aws.endpoint, world)
            eventually(world.plan_is_over, "the plan's end", seconds=120)
            for replica in replicas:
                assert replica.calm.wait(120), "the chaos did not end"
            troubles.cease()
            actions = world.admin("GET", "faults")["plan"]["actions_done"]
            if "clock_offset_seconds" in scenario.plan:
                world.let_a_day_pass()
            eventually(
                lambda: _complaints(replicas) or not world.messages(),
                "the queue to be empty",
                seconds=_RECOVERY_SECONDS,
            )
        assert not _complaints(replicas), "\n".join(_complaints(replicas))
        report = fleet.audit(*(["--allow-others"] if scenario.upheaval else []), wait_seconds=0)
        calls = world.admin("GET", "calls")
    assert not scenario.is_fifo or report["groups"] > 1, "no message group was there to be held to its order"
    rejected = _rejected_messages(rejects)
    assert rejected >= sent["submissions_to_reject"], f"{rejected} rejected of {sent['submissions_to_reject']}"
    return Findings(
        submissions=sent["sent"],
        events=report["found"],
        repeats=report["repeats"],
        received=_sum(replicas, "submissions_received_total"),
        refused=_sum(replicas, "records_refused_total"),
        retried=_sum(replicas, "retries_total"),
        max_rss_bytes=int(max(replica.max_rss_bytes for replica in replicas)),
        deeds=sum((replica.done for replica in replicas), Counter()),
        calls=calls,
        failed_actions=[str(action) for action in actions if action.get("error")],
        groups=report["groups"],
        transports=scenario.transports,
        bent=troubles.bent,
        denied=troubles.denied,
        log=scenario.log,
    )


def _complaints(replicas: Sequence[Replica]) -> list[str]:
    return [complaint for replica in replicas for complaint in replica.complaints]


def _sum(replicas: Sequence[Replica], metric: str) -> int:
    return int(sum(replica.metric(metric) for replica in replicas))


@contextmanager
def _deployed(scenario: Scenario, folder: Path, troubles: Troubles, rejects: Path) -> Iterator[list[Replica]]:
    """As many processors as the scenario has, running; stopped with SIGTERM."""
    settings = {
        "QUEUE_NAME": scenario.queue,
        "VISIBILITY_TIMEOUT": str(scenario.visibility_seconds),
        "SHUTDOWN_GRACE": "5",
        "REJECTS": "file",
        "REJECTS_FILE": str(rejects),
        "REJECT_LIMIT_SHARE": "0",
    }

    def replica(number: int) -> Replica:
        home = folder / f"processor-{number}"
        home.mkdir()
        transport = scenario.transports[number % len(scenario.transports)]
        start = partial(troubles.start, home, **settings, AWS_TRANSPORT=transport)
        return Replica(start, scenario.strokes[number])

    replicas = [replica(number) for number in range(len(scenario.strokes))]
    for one in replicas:
        one.start()
    try:
        yield replicas
    finally:
        for one in replicas:
            one.stop()


def _send(scenario: Scenario, folder: Path, endpoint: str, world: World) -> tuple[Fleet, Mapping[str, Any]]:
    """The load that counts, and before it, when there is to be an upheaval, one that it happens to."""
    if scenario.upheaval:
        doomed = Fleet(folder, endpoint, seed=scenario.seed + 1)
        doomed.send(50, *_options(scenario.queue, Load(50)))
        world.admin("POST", "action", scenario.upheaval)
    fleet = Fleet(folder, endpoint, seed=scenario.seed)
    return fleet, fleet.send(scenario.load.submissions, *_options(scenario.queue, scenario.load))


def _options(queue: str, load: Load) -> tuple[str, ...]:
    shape = "--invalid-share", str(load.invalid_share), "--devices", str(load.devices)
    return "--queue", queue, "--rate", str(load.rate), *shape


def _rejected_messages(file: Path) -> int:
    """Messages with a reject. A line may be torn, by a processor that was killed while it wrote."""
    lines = file.read_text(errors="replace").splitlines() if file.exists() else []
    return len({json.loads(line)["message_id"] for line in lines if line.startswith("{") and line.endswith("}")})
