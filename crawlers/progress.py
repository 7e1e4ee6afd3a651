"""Progress: how far an interrupted walk had come, so that the next crawl goes on there.

Owns the marks and what lies above them, in `crawl.db`. A mark is saved only when everything before it is in the log;
it is gone once the listing has been walked to its end. Does not own the walking (`spiders.listing`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stream.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (source TEXT NOT NULL, listing TEXT NOT NULL, next TEXT NOT NULL,
    seen INTEGER NOT NULL, PRIMARY KEY (source, listing)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passed (source TEXT NOT NULL, listing TEXT NOT NULL, entry TEXT NOT NULL,
    PRIMARY KEY (source, listing, entry)) WITHOUT ROWID
"""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a listing above which everything has been had."""

    listing: str
    next: int | str
    """Number or cursor of the page below."""
    seen: int
    """Elements above."""
    passed: tuple[str, ...] = ()
    """Keys of the entries since the mark before."""
    page_size: int = 0
    """Entries a page, by which a page's number tells where it is."""


class Progress:
    """The marks of all listings. Methods raise Unavailable when the file stays locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, source: str, listing: str, page_size: int) -> Mark | None:
        """Where an interrupted walk of this listing stopped; None if none was, or if its pages had another size."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT next, seen FROM marks WHERE source = ? AND listing = ?", (source, listing)
            ).fetchone()
        if row is None:
            return None
        kept = json.loads(row[0])
        following, size = kept if isinstance(kept, list) else (kept, 0)  # earlier releases kept no size
        return Mark(listing, following, row[1], page_size=size) if size == page_size else None

    def among(self, source: str, listing: str, entries: Sequence[str]) -> set[str]:
        """Those of `entries` that lie above the mark."""
        found: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(entries), _CHUNK):
                chunk = entries[start : start + _CHUNK]
                marks = ",".join("?" * len(chunk))
                found.update(
                    row[0]
                    for row in connection.execute(
                        f"SELECT entry FROM passed WHERE source = ? AND listing = ? AND entry IN ({marks})",  # noqa: S608 - no value in it
                        (source, listing, *chunk),
                    )
                )
        return found

    def passed(self, source: str, listing: str) -> list[str]:
        """All entries above the mark."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT entry FROM passed WHERE source = ? AND listing = ?", (source, listing)
            ).fetchall()
        return [row[0] for row in rows]

    def save(self, source: str, marks: Iterable[Mark]) -> None:
        """Everything above these marks is in the log."""
        with self._database.write() as connection:
            for mark in marks:
                connection.executemany(
                    "INSERT OR IGNORE INTO passed VALUES (?, ?, ?)",
                    [(source, mark.listing, entry) for entry in mark.passed],
                )
                connection.execute(
                    "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)",
                    (source, mark.listing, json.dumps([mark.next, mark.page_size]), mark.seen),
                )

    def clear(self, source: str, listing: str) -> None:
        """The listing was walked to its end; nothing is left to go on with."""
        with self._database.read() as connection:
            query = "SELECT 1 FROM marks WHERE source = ? AND listing = ?"
            if connection.execute(query, (source, listing)).fetchone() is None:  # as nearly always, and a write waits
                return
        with self._database.write() as connection:
            for table in ("marks", "passed"):
                connection.execute(f"DELETE FROM {table} WHERE source = ? AND listing = ?", (source, listing))  # noqa: S608 - a name of ours
