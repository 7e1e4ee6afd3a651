"""What crawls remember: which posts they have, which listings they walked to the end, how they ended.

Owns `crawl.db`. A post is remembered when the log has it; a listing's entries only when a crawl walked that listing to
its end, because a page of remembered entries is where the next crawl stops. Several processes may use the file.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from crawlers import breaker, budgets, gaps, progress, rests, revisits, robots, validators
from crawlers.breaker import Breakers, rest
from crawlers.budgets import Budgets
from crawlers.gaps import Edges, Gaps
from crawlers.health import LOSS_SHOWN, REFUSED, Left, Standing, judge
from crawlers.progress import Progress
from crawlers.reports import HEALTH, CrawlReport
from crawlers.rests import Rests
from crawlers.revisits import Revisits
from crawlers.robots import Snapshot, Snapshots
from crawlers.sources import Source
from crawlers.validators import Validators
from stream.database import Database, from_micros, to_micros
from stream.labels import Health
from stream.records import SourceHealth
from stream.retry import Backoff

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
_COUNTS = """
CREATE TABLE IF NOT EXISTS counts (source TEXT PRIMARY KEY, posts INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counts SELECT source, count(*) FROM posts WHERE NOT EXISTS (SELECT 1 FROM counts) GROUP BY source
"""
"""Of `posts`, which are too many to be counted whenever somebody asks."""
_LATER = (
    progress.SCHEMA, validators.SCHEMA, revisits.SCHEMA, breaker.SCHEMA, budgets.SCHEMA, gaps.SCHEMA, robots.SCHEMA,
    rests.SCHEMA, _COUNTS,
)  # fmt: skip
_REPORTS_KEPT = 100
_CHUNK = 500


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
        with self._database.write() as connection:
            for table in ";".join(_LATER).split(";"):  # files of earlier releases lack these
                connection.execute(table)
        self.progress = Progress(self._database)
        """Where interrupted walks stopped."""
        self.validators = Validators(self._database)
        """What unchanged first pages are known by."""
        self.rests = Rests(self._database)
        """Which feeds are to be left alone."""
        self.revisits = Revisits(self._database)
        """Which posts are looked at again."""
        self.breakers = Breakers(self._database)
        """Which sources are being left alone."""
        self.budgets = Budgets(self._database)
        """How many requests each host has had."""
        self.gaps = Gaps(self._database)
        """What no crawl has seen."""
        self.robots = Snapshots(self._database)
        """What robots.txt said."""

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
            new = connection.executemany("INSERT OR IGNORE INTO posts VALUES (?, ?, ?)", rows).rowcount
            connection.executemany("UPDATE posts SET whole = max(whole, ?3) WHERE source = ?1 AND id = ?2", rows)
            connection.execute(
                "INSERT INTO counts VALUES (?, ?) ON CONFLICT DO UPDATE SET posts = posts + excluded.posts",
                (source, max(new, 0)),
            )

    def finish(
        self,
        report: CrawlReport,
        walked: Iterable[tuple[str, Sequence[str]]] = (),
        *,
        edges: Edges = Edges(),  # noqa: B008 - frozen
        snapshots: Iterable[Snapshot] = (),
        backoff: Backoff = rest(900.0),  # noqa: B008 - frozen
    ) -> None:
        """Keep the report and what follows from it, all or nothing.

        Args:
            report: how the crawl ended; decides health and breaker.
            walked: the entries of the listings that were walked to their end.
            edges: where those walks began, and what lies unseen below them.
            snapshots: robots.txt as it was found.
            backoff: how long a source that refuses is left alone, by refusals in a row.
        """
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
            now, reason = HEALTH[report.outcome].value, report.reason
            was = connection.execute(
                "SELECT health, reason, since, last_success FROM health WHERE source = ?", (report.source,)
            ).fetchone()
            if was and now == Health.STALE and was[0] in REFUSED:  # a probe that came to nothing is no recovery
                now, reason = was[:2]
            since = was[2] if was and was[0] == now else finished
            success = finished if report.succeeded else (was[3] if was else None)
            connection.execute(
                "INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?)",
                (report.source, now, reason, since, success),
            )
            self.breakers.settle(connection, report, backoff)
            self.gaps.keep(connection, report.source, edges, report.finished)
            self.robots.keep(connection, report.source, snapshots)

    def reports(self, source: str, limit: int = 20) -> list[CrawlReport]:
        """The latest reports of a source, newest first."""
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT report FROM reports WHERE source = ? ORDER BY id DESC LIMIT ?", (source, limit)
            ).fetchall()
        return [msgspec.json.decode(row[0], type=CrawlReport) for row in found]

    def succeeded(self, source: str) -> CrawlReport | None:
        """The latest report of a crawl that saw the newest posts; None where none of those kept is one."""
        return next((report for report in self.reports(source, _REPORTS_KEPT) if report.succeeded), None)

    def sharing(self, label: str) -> list[str]:
        """The sources whose posts had this label when they were last crawled."""
        return [report.source for report in self._last_reports() if report.platform == label]

    def health(self, sources: Sequence[Source], now: datetime) -> list[SourceHealth]:
        """What is known of each source at `now`, in the order given."""
        with self._database.read() as connection:
            standings = {
                source: Standing(Health(health), reason, from_micros(since), None if at is None else from_micros(at))
                for source, health, reason, since, at in connection.execute("SELECT * FROM health")
            }
            counts = dict(connection.execute("SELECT source, posts FROM counts").fetchall())
        last = {report.source: report for report in self._last_reports()}
        unseen, open_ones = self.gaps.found(now - LOSS_SHOWN), self.breakers.open()
        return [
            judge(
                source,
                Left(
                    standings.get(source.name),
                    counts.get(source.name, 0),
                    open_ones.get(source.name),
                    unseen.get(source.name, ()),
                    last[source.name].coverage if source.name in last else (),
                    last[source.name].finished if source.name in last else None,
                ),
                now,
            )
            for source in sources
        ]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _last_reports(self) -> list[CrawlReport]:
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT report FROM reports WHERE id IN (SELECT max(id) FROM reports GROUP BY source)"
            ).fetchall()
        return [msgspec.json.decode(row[0], type=CrawlReport) for row in found]

    def _among(self, query: str, of: tuple[str, ...], values: Sequence[str]) -> set[str]:
        found: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(values), _CHUNK):
                chunk = values[start : start + _CHUNK]
                marks = ",".join("?" * len(chunk))
                found.update(row[0] for row in connection.execute(f"{query} ({marks})", (*of, *chunk)))
        return found
