"""`event-processor`, one version worse: `WORSE=bugs python -m tests.system.worse_processor run`."""

import os
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


def make_worse(how: str) -> None:
    """`bugs`: fails on a type of event. `rejects`: does not know it any more."""
    if how == "bugs":
        EVENT_TYPES["network_connection"] = Defective
    elif how == "rejects":
        del EVENT_TYPES["network_connection"]


if __name__ == "__main__":
    make_worse(os.environ["WORSE"])
    main()
