"""Settings to what commands do with a lake."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from event_processor.aws.clients import Clients
from event_processor.aws.kinesis_reader import KinesisReader
from event_processor.bootstrap.contracts import live_contracts
from event_processor.bootstrap.rejects import lake_of
from event_processor.bootstrap.runtime import make_clients
from event_processor.bootstrap.warehouse import make_warehouse, must_be_installed, redshift_data
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.streams import Stream
from event_processor.errors import SettingsError
from event_processor.lake.columns import Table, tables_of
from event_processor.lake.ports import Warehouse
from event_processor.lake.typed import StreamTyping
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.streams_file import read_streams
from event_processor.stores.objects import Objects
from event_processor.telling import FanOut

if TYPE_CHECKING:
    from event_processor.stores.warehouse_check import RowCheck, Warehoused

_PATIENCE_SECONDS: Final = 60.0  # with a delivery whose load has the file of the warehouse open


class LakeParts:
    """What commands that look at a lake are made of. Raises SettingsError."""

    def __init__(self, settings: DeliverySettings) -> None:
        must_be_installed()
        self._settings = settings
        self._clients: Callable[[], Clients] = partial(make_clients, settings)
        self.streams: dict[str, Stream] = read_streams(settings.streams_file)
        self.files: Objects = lake_of(settings.lake, self._clients, FanOut(), pool=1)

    def tables(self) -> Mapping[str, Table]:
        """Those that the live contracts ask for. Raises CallFailed."""
        contracts = self.contracts().contracts
        found = [tables_of(stream, contracts) for stream in self.streams.values()]
        return {table.name: table for tables in found for table in tables.values()}

    def contracts(self) -> ContractSet:
        """Those that are live. Raises CallFailed."""
        return live_contracts(self._settings, self._clients)

    def typing(self, stream: Stream) -> StreamTyping:
        """Of a stream that has a table."""
        from event_processor.stores.parquet_duckdb import ParquetWriter  # noqa: PLC0415 - an extra

        return StreamTyping(stream, ParquetWriter(), FanOut())

    def loading(self) -> Warehouse | None:
        """What is loaded into; None if there is none."""
        return make_warehouse(self._settings, self.files, self.streams.values(), self._clients, _PATIENCE_SECONDS)

    def must_load(self) -> Warehouse:
        """The same for what makes no sense without. Raises SettingsError."""
        if (warehouse := self.loading()) is None:
            raise SettingsError("WAREHOUSE: was 'none'; allowed here: duckdb:FILE or redshift:WORKGROUP/DATABASE")
        return warehouse

    def loaded(self, stream: str) -> Mapping[str, int] | None:
        """The newest entry of each shard that is loaded; None without a warehouse. Raises CallFailed."""
        kind, _, place = self._settings.warehouse.partition(":")
        if kind == "duckdb" and not Path(place).is_file():
            return {}
        warehouse = self.loading()
        return None if warehouse is None else warehouse.loaded(stream)

    def merge(self) -> Callable[[Sequence[bytes]], tuple[bytes, int]]:
        """Makes one typed file of several."""
        from event_processor.stores.parquet_duckdb import ParquetWriter  # noqa: PLC0415 - an extra

        return ParquetWriter().merged

    def content(self, tables: Mapping[str, Table]) -> Mapping[str, tuple[int, str]]:
        """Of each table of a DuckDB file: how many rows, and a hash of ids and columns of contracts."""
        from event_processor.stores.warehouse_check import content_of  # noqa: PLC0415 - an extra

        warehouse = self.warehouse(tables)
        return content_of(warehouse, tables) if warehouse is not None and warehouse.has_values else {}

    def row_check(self, tables: Mapping[str, Table]) -> "RowCheck":
        """To be closed."""
        from event_processor.stores.warehouse_check import RowCheck  # noqa: PLC0415 - an extra

        return RowCheck(tables)

    def warehouse(self, tables: Mapping[str, Table]) -> "Warehoused | None":
        """None if there is none."""
        from event_processor.stores.warehouse_sources import DuckDBTables, RedshiftTables  # noqa: PLC0415 - an extra

        kind, _, place = self._settings.warehouse.partition(":")
        if kind == "none":
            return None
        if kind == "duckdb":
            return DuckDBTables(Path(place))
        return RedshiftTables(redshift_data(place, self._clients), tables)

    def reader(self, stream: str) -> KinesisReader:
        """Of a stream."""
        return KinesisReader(self._clients().reading(1), stream, FanOut())
