"""`event-processor` with a bug: `python -m tests.system.defective_gateway gateway`. It understands no answer."""

from typing import Any

from event_processor.commands.main import main
from event_processor.gateway.gateway import Gateway


def _settle(*_: Any) -> bool:
    raise RuntimeError("a bug")


if __name__ == "__main__":
    Gateway.settle = _settle  # type: ignore[method-assign, assignment]
    main()
