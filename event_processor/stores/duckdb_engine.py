"""DuckDB as we use it: one thread, bounded memory, nothing fetched."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from event_processor.errors import CallFailed, NotReady

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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
    }
    return duckdb.connect(file, read_only=read_only, config=settings)


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
