"""What a sensor sends: the envelope of a submission."""

from collections.abc import Collection
from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

from event_processor.rejects.reject import Reason
from event_processor.submissions.fields import Time, Uuid


def _known(event_type: str, info: ValidationInfo[Collection[str]]) -> str:
    if event_type not in info.context:
        raise PydanticCustomError(Reason.UNKNOWN_EVENT_TYPE.value, "This event type is not registered")
    return event_type


class Submission(BaseModel):
    """The envelope of a submission. Its events are still as received: each is judged on its own.

    To be validated with the names of the event types as the context.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    submission_id: Uuid
    device_id: Uuid
    time_created: Time
    events: Annotated[dict[Annotated[str, AfterValidator(_known)], list[Any]], MinLen(1)]
