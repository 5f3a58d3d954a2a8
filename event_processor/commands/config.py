"""The command that shows the settings: event-processor config."""

import click

from event_processor.commands.terminal import complains, quiet_settings, show_table
from event_processor.settings.loading import sources


@click.command()
@complains
def config() -> int:
    """Print the effective settings, secrets masked, and where each comes from."""
    rows, settings = [], quiet_settings()
    for name, value, origin in sources(settings):
        field = type(settings).model_fields.get(name.lower())
        rows.append((name, value or "-", origin, (field.description if field else None) or "read by boto3"))
    show_table(("variable", "value", "from", "meaning"), rows)
    return 0
