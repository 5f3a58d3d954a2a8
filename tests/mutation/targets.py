"""Which tests have to notice a fault in which modules: the fast ones, since each is run for each mutant."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

ROOMS: Final = (
    "event_processor/submissions",
    "event_processor/publishing",
)  # each module of these is somebody's target


class Target(NamedTuple):
    """Modules, as patterns, and what runs against each of their mutants."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> list[Path]:
        """Its modules in this checkout. Raises FileNotFoundError if one has moved."""
        found = {pattern: sorted(root.glob(pattern)) for pattern in self.modules}
        if moved := [pattern for pattern, files in found.items() if not files]:
            raise FileNotFoundError(f"{self.name}: there is no {', '.join(moved)}")
        return [path for files in found.values() for path in files]


def _in(room: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"event_processor/{room}/{name}.py" for name in names)


TARGETS: Final = (
    Target(
        "holdings",
        _in("submissions", ("holdings", "aside", "extensions")),
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
                "replay",
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
        "processor",
        _in("submissions", ("processor", "crew", "hands", "handling", "outbox", "giving_back", "monitor", "tally"))
        + _in("submissions", ("record_limit", "reject_limit", "attempt", "delivery", "limits", "ports")),
        (
            "--numprocesses=3",
            "--deselect=tests/integration/test_bounds.py::test_what_bodies_unfold_into_is_bounded",  # a minute alone
            "tests/property/test_reject_limit.py",
            "tests/integration/test_processor.py",
            "tests/integration/test_bounds.py",
            "tests/integration/test_changed_facts.py",
            "tests/integration/test_reject_store_trouble.py",
            "tests/integration/test_reject_limit.py",
            "tests/integration/test_telling.py",
            "tests/integration/test_fifo_queue.py",
        ),
    ),
    Target(
        "aws",
        _in("aws", ("answer_fields", "calls", "kinesis", "sqs", "sqs_batches")),
        (
            "tests/unit/aws",
            "tests/contract/test_source_contract.py",
            "tests/contract/test_sink_contract.py",
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
