"""What crawls remember: which posts they have, which listings they walked to the end, how they ended.

Owns `crawl.db`. A post is remembered when the log has it; a listing's entries only when a crawl walked that listing to
its end, because a page of remembered entries is where the next crawl stops. Several processes may use the file.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from crawlers.platforms import Access
from crawlers.reports import CrawlReport, Outcome
from crawlers.sources import Source
from stream.database import Database, from_micros, to_micros
from stream.records import Health, SourceHealth

_SCHEMA = """
CREATE TABLE posts (source TEXT NOT NULL, id TEXT NOT NULL, whole INTEGER NOT NULL,
    PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TABLE entries (source TEXT NOT NULL, listing TEXT NOT NULL, entry TEXT NOT NULL,
    PRIMARY KEY (source, listing, entry)) WITHOUT ROWID;
CREATE TABLE reports (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, report BLOB NOT NULL);
CREATE INDEX reports_of ON reports (source, id);
CREATE TABLE health (source TEXT PRIMARY KEY, health TEXT NOT NULL, reason TEXT NOT NULL,
    since INTEGER NOT NULL, last_success INTEGER) WITHOUT ROWID
"""
_REPORTS_KEPT = 100
_STALE_AFTER = 3
_CHUNK = 500

_HEALTH = {
    Outcome.COMPLETE: Health.FRESH,
    Outcome.CAPPED: Health.CAPPED,
    Outcome.BLOCKED: Health.BLOCKED,
    Outcome.LOGIN_NEEDED: Health.LOGIN_NEEDED,
    Outcome.FAILED: Health.STALE,
}


class CrawlState:
    """The memory of all crawls of one data folder.

    Args:
        path: the file; its folder must exist.

    Raises:
        Misconfigured: the file is not a crawl memory or may not be written.
        Unavailable: from any method, when the file stays locked by other processes.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA, application_id=0x676C6372, version=1, busy_seconds=30.0)

    def walked(self, source: str, listing: str) -> bool:
        """Whether some crawl walked this listing to its end and found anything there."""
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT 1 FROM entries WHERE source = ? AND listing = ? LIMIT 1", (source, listing)
            ).fetchone()
        return found is not None

    def known_entries(self, source: str, listing: str, entries: Sequence[str]) -> set[str]:
        """Those of `entries` that a crawl which reached the end of this listing has seen."""
        return self._among(
            "SELECT entry FROM entries WHERE source = ? AND listing = ? AND entry IN", (source, listing), entries
        )

    def known_posts(self, source: str, ids: Sequence[str], *, cut: bool = False) -> set[str]:
        """Those native ids that the log has, by any crawl, finished or not.

        Args:
            source: whose posts.
            ids: native ids to look for.
            cut: count also posts of which only a part could be had.
        """
        whole = "" if cut else " AND whole = 1"
        return self._among(f"SELECT id FROM posts WHERE source = ?{whole} AND id IN", (source,), ids)  # noqa: S608 - no value in it

    def remember_posts(self, source: str, posts: Iterable[tuple[str, bool]]) -> None:
        """Native ids that the log now has, each with whether it is the whole post."""
        rows = [(source, native, int(whole)) for native, whole in posts]
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO posts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET whole = max(whole, excluded.whole)", rows
            )

    def finish(self, report: CrawlReport, walked: Iterable[tuple[str, Sequence[str]]] = ()) -> None:
        """Keep the report, the health it means, and the entries of the listings that were walked to their end."""
        finished = to_micros(report.finished)
        with self._database.write() as connection:
            for listing, entries in walked:
                connection.executemany(
                    "INSERT OR IGNORE INTO entries VALUES (?, ?, ?)",
                    [(report.source, listing, entry) for entry in entries],
                )
            connection.execute(
                "INSERT INTO reports (source, report) VALUES (?, ?)", (report.source, msgspec.json.encode(report))
            )
            connection.execute(
                "DELETE FROM reports WHERE source = ?1 AND id <= "
                "(SELECT id FROM reports WHERE source = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                (report.source, _REPORTS_KEPT),
            )
            now = _HEALTH[report.outcome]
            was = connection.execute(
                "SELECT health, since, last_success FROM health WHERE source = ?", (report.source,)
            ).fetchone()
            since = was[1] if was and was[0] == now else finished
            success = finished if report.outcome in (Outcome.COMPLETE, Outcome.CAPPED) else (was[2] if was else None)
            connection.execute(
                "INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?)",
                (report.source, now.value, report.reason, since, success),
            )

    def reports(self, source: str, limit: int = 20) -> list[CrawlReport]:
        """The latest reports of a source, newest first."""
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT report FROM reports WHERE source = ? ORDER BY id DESC LIMIT ?", (source, limit)
            ).fetchall()
        return [msgspec.json.decode(row[0], type=CrawlReport) for row in found]

    def health(self, sources: Sequence[Source], now: datetime) -> list[SourceHealth]:
        """What is known of each source at `now`, in the order given."""
        with self._database.read() as connection:
            rows = {
                row[0]: row[1:]
                for row in connection.execute("SELECT source, health, reason, since, last_success FROM health")
            }
            counts = dict(connection.execute("SELECT source, count(*) FROM posts GROUP BY source").fetchall())
        return [_judge(source, rows.get(source.name), counts.get(source.name, 0), now) for source in sources]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _among(self, query: str, of: tuple[str, ...], values: Sequence[str]) -> set[str]:
        found: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(values), _CHUNK):
                chunk = values[start : start + _CHUNK]
                marks = ",".join("?" * len(chunk))
                found.update(row[0] for row in connection.execute(f"{query} ({marks})", (*of, *chunk)))
        return found


def _judge(source: Source, row: tuple[Any, ...] | None, posts: int, now: datetime) -> SourceHealth:  # noqa: PLR0911 - a table
    """Health now: the last outcome, unless nothing has succeeded for too long."""

    def made(health: Health, reason: str, since: datetime | None, success: datetime | None) -> SourceHealth:
        return SourceHealth(source.name, source.label, health, reason, since, success, posts)

    success = from_micros(row[3]) if row and row[3] is not None else None
    if not source.enabled or source.access is Access.DISABLED:
        return made(Health.STALE if row else Health.NEVER, "已停用，不采集", success, success)
    if row is None:
        return made(Health.NEVER, "尚未采集", None, None)
    last, reason, since = Health(row[0]), row[1], from_micros(row[2])
    if last in (Health.BLOCKED, Health.LOGIN_NEEDED):
        return made(last, reason, since, success)
    if success is None:
        return made(Health.NEVER, f"尚未成功采集：{reason}", since, None)
    limit = timedelta(seconds=_STALE_AFTER * source.interval_seconds)
    if now - success > limit:
        why = f"：{reason}" if last is Health.STALE and reason else ""
        return made(Health.STALE, f"已超过 {_STALE_AFTER} 个采集周期没有成功{why}", success + limit, success)
    if last is Health.CAPPED:
        return made(last, reason, since, success)
    return made(Health.FRESH, "", since if last is Health.FRESH else success, success)
