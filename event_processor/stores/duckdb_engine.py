"""DuckDB as we use it: one thread, bounded memory, nothing fetched."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from event_processor.errors import CallFailed, NotReady

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


_GROUP_ROWS: Final = 8192


def connection(memory_bytes: int, file: str = ":memory:", *, read_only: bool = False) -> "DuckDBPyConnection":
    """Raises NotReady if DuckDB is not installed, and duckdb.Error."""
    try:
        import duckdb  # noqa: PLC0415 an extra
    except ImportError:
        raise NotReady("DuckDB is missing: pip install 'event-processor[lake]', in a clone '.[lake]'") from None
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": f"{memory_bytes}B",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # With the cache, a file is taken for the one of the same size that was at its path before (seen with 1.5).
        "enable_external_file_cache": False,
    }
    return duckdb.connect(file, read_only=read_only, config=settings)


def writing(memory_bytes: int, file: Path) -> "DuckDBPyConnection":
    """A connection that writes to a file, which is made if it is not there; its tables need no name of it.

    Tables grow by groups of rows, of which the last is written again whenever rows are put behind it. They are small
    here, since little is loaded at a time: a load costs half of what it does with those of 122,880 rows (measured). A
    file of DuckDB 1.4 or later does not write down again where all the others are, which of 20 million rows takes long.
    """
    made = connection(memory_bytes)
    try:
        made.execute(f"SET temp_directory = {literal(f'{file}.tmp')}")
        made.execute("SET write_buffer_row_group_count = 1")
        made.execute(
            f"ATTACH {literal(str(file))} AS warehouse (ROW_GROUP_SIZE {_GROUP_ROWS}, STORAGE_VERSION 'v1.4.0')"
        )
        made.execute("USE warehouse")
    except BaseException:
        made.close()
        raise
    return made


@contextmanager
def failing_as_call(operation: str) -> Iterator[None]:
    """What DuckDB or a file raises becomes CallFailed; nothing is half done, since DuckDB works in transactions."""
    import duckdb  # noqa: PLC0415 an extra

    try:
        yield
    except duckdb.Error as error:
        raise CallFailed(operation, type(error).__name__, str(error)) from error
    except OSError as error:
        raise CallFailed(operation, type(error).__name__, str(error)) from error


def quoted(name: str) -> str:
    """As an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """As a text of SQL."""
    return "'" + text.replace("'", "''") + "'"


def is_in_use(error: BaseException) -> bool:
    """Whether DuckDB says that another process has the file open."""
    return "Could not set lock" in str(error) or "Conflicting lock" in str(error)
