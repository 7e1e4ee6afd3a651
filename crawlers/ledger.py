"""The ledger of what was delivered to us: files by their contents, rows by what they said last.

Owns `inbox.db`. A file stands in it when it was read to its end, or could not be; a row when the log has it. Several
processes may use the file.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stream.database import Database, Upgrade, from_micros, to_micros

_SCHEMA = """
CREATE TABLE files (source TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, changed INTEGER NOT NULL,
    digest TEXT NOT NULL, PRIMARY KEY (source, name)) WITHOUT ROWID;
CREATE TABLE contents (source TEXT NOT NULL, digest TEXT NOT NULL, trouble TEXT NOT NULL,
    PRIMARY KEY (source, digest)) WITHOUT ROWID;
CREATE TABLE rows (source TEXT NOT NULL, native TEXT NOT NULL, version BLOB NOT NULL,
    first INTEGER, PRIMARY KEY (source, native)) WITHOUT ROWID;
CREATE TABLE deliveries (source TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER) WITHOUT ROWID
"""
_CHUNK = 400


def _with_first(connection: sqlite3.Connection) -> None:
    """Rows know from here on when they were first read; those that are there never will."""
    connection.execute("ALTER TABLE rows ADD COLUMN first INTEGER")


_UPGRADES: Mapping[int, Upgrade] = {1: _with_first}


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file is recognised by without being read: name, bytes, time of its last change in nanoseconds."""

    name: str
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """The stamp of a file as it is now; raises OSError."""
        stat = path.stat()
        return cls(path.name, stat.st_size, stat.st_mtime_ns)


class Ledger:
    """The ledger of one data folder.

    Args:
        path: the file; its folder must exist.

    Raises:
        Misconfigured: the file is not a ledger or may not be written.
        Unavailable: from any method, when the file stays locked by other processes.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(
            path, _SCHEMA, application_id=0x676C696E, version=2, upgrades=_UPGRADES, busy_seconds=30.0
        )

    def seen(self, source: str, stamp: Stamp) -> str | None:
        """What was wrong with the file of this stamp (empty: nothing); None if it has not been read."""
        return self._one(
            "SELECT trouble FROM files JOIN contents USING (source, digest) "
            "WHERE source = ? AND name = ? AND size = ? AND changed = ?",
            (source, stamp.name, stamp.size, stamp.changed),
        )

    def contents(self, source: str, digest: str) -> str | None:
        """What was wrong with a file of these contents (empty: nothing); None if there was none."""
        return self._one("SELECT trouble FROM contents WHERE source = ? AND digest = ?", (source, digest))

    def read(self, source: str, stamp: Stamp, digest: str, trouble: str) -> None:
        """This file need not be read again."""
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO contents VALUES (?, ?, ?)", (source, digest, trouble))
            connection.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
                (source, stamp.name, stamp.size, stamp.changed, digest),
            )

    def rows(self, source: str, natives: Sequence[str]) -> dict[str, tuple[bytes, datetime | None]]:
        """What is on the log of each of these rows, and when it was first read; None if that was before 0.9."""
        found: dict[str, tuple[bytes, datetime | None]] = {}
        with self._database.read() as connection:
            for start in range(0, len(natives), _CHUNK):
                chunk = natives[start : start + _CHUNK]
                marks = ",".join("?" * len(chunk))
                query = f"SELECT native, version, first FROM rows WHERE source = ? AND native IN ({marks})"  # noqa: S608
                for native, version, first in connection.execute(query, (source, *chunk)):
                    found[native] = version, None if first is None else from_micros(first)
        return found

    def logged(self, source: str, rows: Iterable[tuple[str, bytes]], at: datetime) -> None:
        """The log has these rows in these versions; `at` is when they were read."""
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO rows VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version",
                [(source, native, version, to_micros(at)) for native, version in rows],
            )

    def delivered(self, source: str, at: datetime) -> None:
        """A file or a push was taken in."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO deliveries VALUES (?1, ?2, ?2) ON CONFLICT DO UPDATE SET last = excluded.last",
                (source, to_micros(at)),
            )

    def waiting_since(self, source: str, now: datetime) -> datetime:
        """When something was last taken in; if nothing ever was, when it was first waited for, which may be now."""
        with self._database.write() as connection:
            connection.execute("INSERT OR IGNORE INTO deliveries VALUES (?, ?, NULL)", (source, to_micros(now)))
            first, last = connection.execute(
                "SELECT first, last FROM deliveries WHERE source = ?", (source,)
            ).fetchone()
        return from_micros(last if last is not None else first)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _one(self, query: str, values: tuple[object, ...]) -> str | None:
        with self._database.read() as connection:
            row = connection.execute(query, values).fetchone()
        return str(row[0]) if row else None
