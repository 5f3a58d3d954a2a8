"""From the environment to settings, and from settings to text: complaints, and what `config` shows."""

import os
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from event_processor.errors import SettingsError
from event_processor.settings.values import allowed, shown, spelling_error

_CREDENTIALS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")  # boto3 reads them, not we
S = TypeVar("S", bound=BaseSettings)


def load(kind: type[S]) -> S:
    """The settings of this process. Raises SettingsError with a line for each that is wrong."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError("\n".join(_complaints(kind, error))) from None


def clean_environment(
    kinds: type[BaseSettings] | Sequence[type[BaseSettings]], *kept: str, **more: str
) -> dict[str, str]:
    """The environment of this process without these settings, except those kept: for children that set their own."""
    kinds = kinds if isinstance(kinds, Sequence) else [kinds]
    ours = {name.upper() for kind in kinds for name in kind.model_fields}.difference(kept)
    return {name: value for name, value in os.environ.items() if name.upper() not in ours} | more


def sources(settings: BaseSettings) -> Iterator[tuple[str, str, str]]:
    """Each variable, its value with secrets masked, and where that came from."""
    for name, field in type(settings).model_fields.items():
        origin = "environment" if name in settings.model_fields_set else "default"
        yield name.upper(), shown(field, getattr(settings, name)), origin
    for name in _CREDENTIALS:
        if os.environ.get(name):
            yield name, "***", "environment"


def _complaints(kind: type[BaseSettings], error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_url=False):
        name = str(details["loc"][0])
        field = kind.model_fields[name]
        why = spelling_error(field, details)
        yield f"{name.upper()}: was {shown(field, details['input'])!r}{why}; allowed: {allowed(field)}"
