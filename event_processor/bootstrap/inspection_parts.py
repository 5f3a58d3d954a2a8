"""What the process and the Lambda function that inspect a stream have in common."""

from typing import Final

from event_processor.contracts.streams import Stream
from event_processor.errors import SettingsError
from event_processor.settings.inspection import VerdictSettings
from event_processor.settings.streams_file import read_streams

JOB: Final = "inspect"


def stream_to_inspect(settings: VerdictSettings) -> Stream:
    """What the streams file says of it. Raises SettingsError."""
    streams = read_streams(settings.streams_file)
    name = settings.inspect_stream or (next(iter(streams)) if len(streams) == 1 else "")
    if name not in streams:
        raise SettingsError(
            f"INSPECT_STREAM: was {name!r}; allowed: one of those in {settings.streams_file}: {', '.join(streams)}"
        )
    return streams[name]
