"""The names of any number of files, in a temporary database beside the memory: see lake.verifying.Names."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime


class FileNames:
    """For one thread. The database goes with the connection."""

    def __init__(self) -> None:
        self._names = sqlite3.connect("", isolation_level=None)
        self._names.execute("PRAGMA synchronous = OFF")
        self._names.execute("CREATE TABLE present (name TEXT PRIMARY KEY) WITHOUT ROWID")
        self._names.execute(
            "CREATE TABLE named (name TEXT PRIMARY KEY, folder TEXT, day TEXT, is_there INT) WITHOUT ROWID"
        )
        self._names.execute("BEGIN")

    def present(self, name: str) -> None:
        """See Names."""
        self._names.execute("INSERT OR IGNORE INTO present VALUES (?)", [name])

    def named(self, name: str, folder: str, written: datetime, is_there: bool) -> None:
        """See Names."""
        day = f"{written.astimezone(UTC):%Y-%m-%d}"
        self._names.execute("INSERT OR IGNORE INTO named VALUES (?, ?, ?, ?)", [name, folder, day, is_there])

    def replaced(self, name: str) -> bool:
        """See Names."""
        return self._names.execute("DELETE FROM present WHERE name = ?", [name]).rowcount > 0

    def foreign(self) -> Iterator[str]:
        """See Names."""
        query = "SELECT name FROM present WHERE name NOT IN (SELECT name FROM named) ORDER BY name"
        return (row[0] for row in self._names.execute(query))

    def gone(self) -> Iterator[tuple[str, bool]]:
        """See Names. A lifecycle rule removes what is old: the first day of which a file is left had its turn last."""
        query = (
            "SELECT n.name, n.day < coalesce(o.day, '') FROM named n LEFT JOIN"
            " (SELECT folder, min(day) AS day FROM named WHERE is_there GROUP BY folder) o ON o.folder = n.folder"
            " WHERE NOT n.is_there ORDER BY n.name"
        )
        return ((row[0], bool(row[1])) for row in self._names.execute(query))

    def close(self) -> None:
        """Forget them."""
        self._names.close()
