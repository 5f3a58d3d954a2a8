"""Which tests have to notice a fault in which modules: the fast ones, since each is run for each mutant."""

from typing import Final, NamedTuple


class Target(NamedTuple):
    """Modules, as patterns, and what runs against each of their mutants."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


_STEPS: Final = (
    "parse",
    "validate",
    "fields",
    "event_models",
    "written_event",
    "verdicts",
    "envelopes",
    "repair",
    "replay",
)
_FLOW: Final = ("processor", "handling", "hands", "outbox", "giving_back", "crew", "tally", "record_limit", "monitor")

TARGETS: Final = (
    Target(
        "holdings",
        ("event_processor/submissions/holdings.py", "event_processor/submissions/aside.py"),
        (
            "tests/unit/submissions/test_holdings.py",
            "tests/unit/submissions/test_extensions.py",
            "tests/unit/submissions/test_aside.py",
        ),
    ),
    Target(
        "publisher",
        tuple(
            f"event_processor/publishing/{name}.py" for name in ("publisher", "lanes", "waves", "pacing", "suspects")
        ),
        (
            "tests/unit/publishing/test_publisher.py",
            "tests/unit/publishing/test_pacing.py",
            "tests/unit/publishing/test_suspects.py",
            "tests/property/test_pacing.py",
            "tests/property/test_publisher_machine.py",
        ),
    ),
    Target(
        "steps",
        tuple(f"event_processor/submissions/{name}.py" for name in _STEPS),
        (
            "tests/unit/submissions/test_parse.py",
            "tests/unit/submissions/test_validate.py",
            "tests/unit/submissions/test_record.py",
            "tests/unit/submissions/test_event_types.py",
            "tests/unit/rejects/test_stored_rejects.py",
            "tests/unit/submissions/test_envelopes.py",
            "tests/unit/submissions/test_replay.py",
            "tests/property/test_bodies.py",
        ),
    ),
    Target(
        "processor",
        tuple(f"event_processor/submissions/{name}.py" for name in _FLOW),
        (
            "--numprocesses=3",
            "tests/integration/test_processor.py",
            "tests/integration/test_bounds.py",
            "tests/integration/test_changed_facts.py",
            "tests/integration/test_reject_store_trouble.py",
            "tests/integration/test_reject_limit.py",
        ),
    ),
    Target(
        "aws",
        tuple(f"event_processor/aws/{name}.py" for name in ("answer_fields", "calls", "kinesis", "sqs", "sqs_batches")),
        (
            "tests/unit/aws/test_answer_fields.py",
            "tests/unit/aws/test_calls.py",
            "tests/unit/aws/test_sqs.py",
            "tests/unit/aws/test_kinesis.py",
            "tests/unit/aws/test_resources.py",
            "tests/contract/test_source_contract.py",
            "tests/contract/test_sink_contract.py",
        ),
    ),
)
