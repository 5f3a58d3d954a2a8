"""The warehouse that the settings name."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path

from event_processor.aws.concerns import Concern
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed, SettingsError
from event_processor.lake.ports import Files, Warehouse
from event_processor.settings.shared import WarehouseSettings


def make_warehouse(settings: WarehouseSettings, files: Files, streams: Collection[Stream]) -> Warehouse | None:
    """None for `none`. Raises SettingsError if what it needs is not installed."""
    kind, _, place = settings.warehouse.partition(":")
    if kind == "none":
        return None
    must_be_installed()
    from event_processor.stores.warehouse_duckdb import DuckDBWarehouse  # noqa: PLC0415 - an extra: only here

    return DuckDBWarehouse(Path(place), files, streams, timedelta(hours=settings.id_window))


def warehouse_concerns(settings: WarehouseSettings, warehouse: Warehouse, contracts: ContractSet) -> Iterator[Concern]:
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
            f"this needs what is not installed ({error.name}); install event-processor[lake]"
        ) from error
