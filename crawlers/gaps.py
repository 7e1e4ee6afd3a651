"""Gaps: stretches of a listing that lie between two crawls and that neither of them saw.

Owns their table in `crawl.db`, and that of the newest post each listing has given, by which they are found. Does not
own finding them (`coverage`).
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from stream.database import Database, from_micros, to_micros

SCHEMA = """
CREATE TABLE IF NOT EXISTS newest (source TEXT NOT NULL, listing TEXT NOT NULL, published INTEGER NOT NULL,
    PRIMARY KEY (source, listing)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gaps (source TEXT NOT NULL, found INTEGER NOT NULL, listing TEXT NOT NULL,
    since INTEGER NOT NULL, until INTEGER, PRIMARY KEY (source, found, listing)) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of one listing that no crawl has seen."""

    listing: str
    since: datetime
    """The newest post known before it."""
    until: datetime | None
    """The oldest post known after it; None where the platform gives no times."""


@dataclass(frozen=True, slots=True)
class Edges:
    """What one crawl adds: where its walks began, and the gaps below them."""

    newest: tuple[tuple[str, datetime], ...] = ()
    """By listing: publish time of the newest post a whole walk took."""
    gaps: tuple[Gap, ...] = ()


class Gaps:
    """The two tables. Methods raise Unavailable when the file stays locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, source: str, listing: str) -> datetime | None:
        """Publish time of the newest post that whole walks of this listing took."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT published FROM newest WHERE source = ? AND listing = ?", (source, listing)
            ).fetchone()
        return from_micros(row[0]) if row else None

    def found(self, since: datetime) -> dict[str, list[tuple[datetime, Gap]]]:
        """Gaps found after a time, by source, each with when; the earliest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT source, found, listing, since, until FROM gaps WHERE found > ? ORDER BY found",
                (to_micros(since),),
            ).fetchall()
        by_source: dict[str, list[tuple[datetime, Gap]]] = {}
        for source, at, listing, begin, end in rows:
            gap = Gap(listing, from_micros(begin), None if end is None else from_micros(end))
            by_source.setdefault(source, []).append((from_micros(at), gap))
        return by_source

    def keep(self, connection: sqlite3.Connection, source: str, edges: Edges, found: datetime) -> None:
        """Add what a crawl found, inside the caller's transaction."""
        connection.executemany(
            "INSERT INTO newest VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET published = max(published, excluded.published)",
            [(source, listing, to_micros(at)) for listing, at in edges.newest],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?, ?)",
            [
                (source, to_micros(found), gap.listing, to_micros(gap.since), gap.until and to_micros(gap.until))
                for gap in edges.gaps
            ],
        )
