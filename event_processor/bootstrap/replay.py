"""Where rejects go out after all, and by whom they are judged once more: a route for each stream."""

from collections.abc import Collection
from typing import NamedTuple

from event_processor.aws.resources import StreamProperties
from event_processor.bootstrap.contracts import live_contracts
from event_processor.bootstrap.runtime import Runtime
from event_processor.clock import SystemClock
from event_processor.errors import NotReady, SettingsError
from event_processor.rejects.records_again import RecordsAgain
from event_processor.rejects.replay import Again
from event_processor.settings.contracts import ContractsSettings
from event_processor.settings.loading import load
from event_processor.settings.streams_file import read_streams
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.submissions.repair import SubmissionsAgain
from event_processor.submissions.written_event import RecordRules


class Route(NamedTuple):
    """A stream, and who judges what is to go onto it."""

    stream: StreamProperties
    again: Again


def submissions_route(settings: SubmissionsSettings, runtime: Runtime) -> Route:
    """For rejects of submissions. Raises CallFailed, NotReady."""
    stream = _usable(settings.stream_name, runtime)
    runtime.event_types.renew()
    rules = RecordRules(settings.partition_key, stream.record_limit_bytes, runtime.event_types)
    return Route(stream, SubmissionsAgain(rules, SystemClock().now))


def record_routes(names: Collection[str], runtime: Runtime) -> dict[str, Route]:
    """For rejects of the records of these streams: back onto them, by the contracts that count now.

    Raises SettingsError for a stream that is not in the streams file, NotReady for one without `id`, CallFailed.
    """
    if not names:
        return {}
    settings = load(ContractsSettings)
    streams = read_streams(settings.streams_file)
    for name in sorted(names):
        if name not in streams:
            raise SettingsError(
                f"STREAMS_FILE: {settings.streams_file} has no stream {name}, whose rejects are selected"
            )
        if streams[name].id is None:
            raise NotReady(
                f"stream {name} has no `id` in {settings.streams_file}, so nobody could tell a repeat from another "
                "record: nothing is replayed onto it"
            )
    contracts = live_contracts(settings, lambda: runtime.clients)
    properties = {name: _usable(name, runtime) for name in names}
    return {
        name: Route(stream, RecordsAgain(streams[name], contracts, stream.record_limit_bytes))
        for name, stream in properties.items()
    }


def _usable(name: str, runtime: Runtime) -> StreamProperties:
    stream = runtime.resources_once.stream(name)
    if stream.ignores_partition_keys:
        raise NotReady(f"stream {stream.name} ignores partition keys: no order is possible")
    return stream
