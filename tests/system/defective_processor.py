"""`event-processor` with a bug: `python -m tests.system.defective_processor run`. It fails on one type of event."""

from typing import Any

from pydantic import model_validator

from event_processor.commands.main import main
from event_processor.submissions.event_models import EVENT_TYPES, Event


class Defective(Event):
    """An event whose model does not reject, as models may, but fails."""

    @model_validator(mode="before")
    @classmethod
    def _fail(cls, _event: Any) -> Any:
        raise RuntimeError("a bug")


if __name__ == "__main__":
    EVENT_TYPES["defective"] = Defective
    main()
