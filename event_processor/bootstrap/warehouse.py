"""The warehouse that the settings name."""

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from pathlib import Path

from event_processor.aws.clients import Clients
from event_processor.aws.concerns import Concern
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed, SettingsError
from event_processor.lake.ports import Files, Warehouse
from event_processor.settings.lake import DeliverySettings
from event_processor.stores.redshift_data import RedshiftData
from event_processor.telling import FanOut


def make_warehouse(
    settings: DeliverySettings,
    files: Files,
    streams: Collection[Stream],
    clients: Callable[[], Clients],
    patience: float = 5.0,
) -> Warehouse | None:
    """None for `none`; a file needs no clients. Raises SettingsError if what it needs is not installed or not set.

    While another process has the file, each call waits for `patience` seconds.
    """
    kind, _, place = settings.warehouse.partition(":")
    if kind == "none":
        return None
    must_be_installed()
    window = timedelta(hours=settings.id_window)
    if kind == "duckdb":
        from event_processor.stores.warehouse_duckdb import DuckDBWarehouse  # noqa: PLC0415 - an extra: only here

        return DuckDBWarehouse(Path(place), files, streams, window, patience)
    from event_processor.stores.warehouse_redshift import RedshiftWarehouse  # noqa: PLC0415 - the same extra

    if not settings.lake.startswith("s3:"):
        raise SettingsError(f"LAKE: was {settings.lake!r}; allowed with WAREHOUSE=redshift:…: s3://BUCKET/PREFIX")
    return RedshiftWarehouse(redshift_data(place, clients), files, settings.lake, streams, window)


def redshift_data(place: str, clients: Callable[[], Clients]) -> RedshiftData:
    """The database that WORKGROUP/DATABASE names."""
    workgroup, _, database = place.partition("/")
    return RedshiftData(clients().redshift_data(), workgroup, database, FanOut())


def warehouse_concerns(settings: DeliverySettings, warehouse: Warehouse, contracts: ContractSet) -> Iterator[Concern]:
    """Whether it can be used, and what of its tables waits for a decision."""
    try:
        waiting = warehouse.prepare(contracts)
    except CallFailed as failure:
        yield Concern(f"WAREHOUSE {settings.warehouse} cannot be used: {failure}", fatal=True)
        return
    for change in waiting:
        yield Concern(f"{change.table}.{change.column} {change.reason}: event-processor lake migrate")


def must_be_installed() -> None:
    """Raises SettingsError without DuckDB."""
    try:
        import duckdb  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise SettingsError(
            f"this needs a package that is not installed ({error.name});"
            " pip install 'event-processor[lake]', in a clone '.[lake]'"
        ) from error
