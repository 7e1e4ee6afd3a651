"""robots.txt as crawls found it: a snapshot a host, with its date and what it means for us.

Owns the snapshots and their table in `crawl.db`. Does not own obeying it (`manners`) nor what a person found when the
source was assessed (`sources`).
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crawlers.sources import Robots
from stream.database import Database, from_micros, to_micros

SCHEMA = """
CREATE TABLE IF NOT EXISTS robots (source TEXT NOT NULL, host TEXT NOT NULL, says TEXT NOT NULL, text TEXT NOT NULL,
    read INTEGER NOT NULL, PRIMARY KEY (source, host)) WITHOUT ROWID
"""
LONGEST = 64 * 1024
"""Characters of a robots.txt that are kept."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One host's robots.txt as the latest crawl of a source found it."""

    host: str
    says: Robots
    """`unread` where nobody answered, or with something that is no robots.txt; nothing is fetched then."""
    text: str
    read_at: datetime


class Snapshots:
    """The table. Methods raise Unavailable when the file stays locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, source: str) -> list[Snapshot]:
        """What the latest crawl of a source found, by host."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT host, says, text, read FROM robots WHERE source = ? ORDER BY host", (source,)
            ).fetchall()
        return [Snapshot(host, Robots(says), text, from_micros(read)) for host, says, text, read in rows]

    def keep(self, connection: sqlite3.Connection, source: str, snapshots: Iterable[Snapshot]) -> None:
        """In place of the earlier ones of these hosts; inside the caller's transaction."""
        connection.executemany(
            "INSERT OR REPLACE INTO robots VALUES (?, ?, ?, ?, ?)",
            [(source, one.host, one.says.value, one.text, to_micros(one.read_at)) for one in snapshots],
        )
