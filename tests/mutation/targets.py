"""Which tests have to notice a fault in which modules: the fast ones, since each is run for each mutant."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple


class Target(NamedTuple):
    """Modules, as patterns, and what runs against each of their mutants."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


def modules_of(targets: Iterable[Target], root: Path) -> dict[str, list[Path]]:
    """The modules of each target in this checkout; one that several targets match belongs to the first of them.

    Raises FileNotFoundError if a pattern matches nothing, since the module has moved.
    """
    found: dict[str, list[Path]] = {}
    for target in targets:
        matching = {pattern: sorted(root.glob(pattern)) for pattern in target.modules}
        if moved := [pattern for pattern, paths in matching.items() if not paths]:
            raise FileNotFoundError(f"{target.name}: there is no {', '.join(moved)}")
        taken = {path for paths in found.values() for path in paths}
        found[target.name] = [path for paths in matching.values() for path in paths if path not in taken]
    return found


def _in(room: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"event_processor/{room}/{name}.py" for name in names)


TARGETS: Final = (
    Target(
        "holdings",
        _in("submissions", ("holdings", "aside", "extensions", "delivery")),
        (
            "tests/unit/submissions/test_holdings.py",
            "tests/unit/submissions/test_extensions.py",
            "tests/unit/submissions/test_aside.py",
        ),
    ),
    Target(
        "publishing",
        ("event_processor/publishing/*.py",),
        ("tests/unit/publishing", "tests/property/test_pacing.py", "tests/property/test_publisher_machine.py"),
    ),
    Target(
        "consuming",
        _in("consuming", ("descent", "progress", "records", "turns")),
        ("tests/unit/consuming", "tests/property/test_descent_machine.py"),
    ),
    Target(
        "contracts",
        (
            "event_processor/json_document.py",
            *_in(
                "contracts",
                ("acceptance", "faults", "judge", "large", "schema", "sender", "streams", "version", "words"),
            ),
        ),
        (
            "tests/unit/contracts/test_judge.py",
            "tests/unit/contracts/test_acceptance.py",
            "tests/unit/submissions/test_parse.py",
            "tests/property/test_second_opinion.py",
        ),
    ),
    Target(
        "steps",
        _in(
            "submissions",
            (
                "parse",
                "validate",
                "fields",
                "event_models",
                "written_event",
                "verdicts",
                "envelopes",
                "repair",
            ),
        ),
        (
            "tests/unit/submissions/test_parse.py",
            "tests/unit/submissions/test_validate.py",
            "tests/unit/submissions/test_record.py",
            "tests/unit/submissions/test_event_types.py",
            "tests/unit/rejects/test_stored_rejects.py",
            "tests/unit/submissions/test_envelopes.py",
            "tests/unit/submissions/test_replay.py",
            "tests/property/test_bodies.py",
            "tests/integration/test_replay.py",
        ),
    ),
    Target(
        "invocation",
        _in("submissions", ("invocation",)),
        ("tests/unit/submissions/test_invocation.py",),
    ),
    Target("invocation", _in("submissions", ("invocation", "judging")), ("tests/unit/submissions/test_invocation.py",)),
    Target(
        "processor",
        ("event_processor/submissions/*.py",),  # but for those above
        (
            "--numprocesses=3",
            "tests/property/test_reject_limit.py",
            "tests/integration/test_processor.py",
            "tests/integration/test_bounds.py",
            "tests/integration/test_changed_facts.py",
            "tests/integration/test_reject_store_trouble.py",
            "tests/integration/test_reject_limit.py",
            "tests/integration/test_telling.py",
            "tests/integration/test_fifo_queue.py",
            "tests/integration/test_processor_on_aws.py",
        ),
    ),
    Target(
        "aws",
        _in("aws", ("answer_fields", "calls", "kinesis", "sqs", "sqs_batches", "sqs_event", "sqs_messages")),
        (
            "-knot moto",  # which takes most of the time
            "tests/unit/aws",
            "tests/contract/test_source_contract.py",
            "tests/contract/test_sink_contract.py",
            "tests/contract/test_time_limit.py",
        ),
    ),
    Target(
        "inspection",
        ("event_processor/inspection/*.py",),
        (
            "tests/unit/inspection/test_inspector.py",
            "tests/property/test_inspector_promises.py",
            "tests/integration/test_lambda_inspection.py",
        ),
    ),
    Target(
        "network",
        ("event_processor/aws/network/*.py", "event_processor/aws/lean_transport/*.py"),
        (
            "tests/property/test_signer.py",
            "tests/contract/test_lean_network.py",
            "tests/contract/test_bent_answers.py",
        ),
    ),
)
