"""The circuit breaker: after a refusal a source is left alone for a while, longer each time, then probed once.

Owns when a refused source may be asked again, and its table in `crawl.db`. Does not own who asks (`configs`).
"""

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from crawlers.reports import CrawlReport, Outcome
from crawlers.verdict import Verdict
from stream.database import Database, from_micros, to_micros
from stream.retry import Backoff

SCHEMA = """
CREATE TABLE IF NOT EXISTS breakers (source TEXT PRIMARY KEY, reason TEXT NOT NULL, since INTEGER NOT NULL,
    failures INTEGER NOT NULL, retry INTEGER NOT NULL) WITHOUT ROWID
"""
LONGEST = timedelta(days=7)
"""No site's Retry-After keeps us away for longer than this; then it is asked again."""
LONGEST_REST = 86400.0
"""Seconds between two probes of a source that keeps refusing, unless its site asks for more."""
PROBE = timedelta(hours=1)
"""How long a probing crawl has before another may be made in its place."""
_REFUSED = (Outcome.BLOCKED, Outcome.LOGIN_NEEDED)


@dataclass(frozen=True, slots=True)
class Breaker:
    """One source that is being left alone."""

    source: str
    reason: str
    since: datetime
    """When it was first refused."""
    failures: int
    """Refusals in a row."""
    retry_at: datetime
    """From then on one crawl may probe."""


def rest(interval_seconds: float, chance: Callable[[], float] = random.random) -> Backoff:
    """How long a source that is crawled at this interval is left alone, by refusals in a row.

    The first time one to two intervals are left out; then twice as long each time, up to a day.
    """
    return Backoff(min(2 * interval_seconds, LONGEST_REST), LONGEST_REST, chance)


def after(was: Breaker | None, report: CrawlReport, backoff: Backoff) -> Breaker | None:
    """The breaker once this crawl has ended: None when closed.

    A refusal opens it, or keeps it open for longer. Posts that were really seen close it. A crawl that failed in any
    other way proves nothing, nor does silence that may be one of the words of a block and may be true: the next one may
    probe again. Where the site itself said when to come back, nobody comes earlier.

    Args:
        was: before the crawl; None when it was closed.
        report: how the crawl ended.
        backoff: waits by number of refusals in a row.
    """
    asked = report.retry_at or report.finished
    if report.outcome in _REFUSED and report.verdicts.get(Verdict.BLOCKED):
        failures = was.failures + 1 if was else 1
        due = report.finished + timedelta(seconds=backoff.delay(failures))
        since = was.since if was and was.failures else report.finished
        return Breaker(report.source, report.reason, since, failures, max(due, asked))
    if report.retry_at is not None:
        since, failures = (was.since, was.failures) if was else (report.finished, 0)
        return Breaker(report.source, report.reason, since, failures, asked)
    if report.succeeded or was is None or not was.failures:
        return None
    return replace(was, retry_at=report.finished)


def asked_to_wait(header: str, now: datetime) -> datetime | None:
    """When a Retry-After header lets us come back: seconds or an HTTP date; None where it says nothing sound."""
    words = header.strip()
    if words.isascii() and words.isdigit():
        return now + min(timedelta(seconds=int(words[:9])), LONGEST)
    try:
        at = parsedate_to_datetime(words)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return min(at, now + LONGEST) if at > now else None


class Breakers:
    """The table of those that are open. Methods raise Unavailable when the file stays locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> dict[str, Breaker]:
        """Every open breaker, by source; one whose time has come among them, until a crawl succeeds."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM breakers").fetchall()
        return {row[0]: _breaker(row) for row in rows}

    def admit(self, source: str, now: datetime) -> Breaker | None:
        """None if a crawl may begin now, otherwise the breaker that forbids it.

        Of a source whose time has come one caller is admitted, to probe; the next only when that crawl has ended, or
        after an hour.
        """
        with self._database.write() as connection:
            was = _of(connection, source)
            if was is None or was.retry_at > now:
                return was
            _put(connection, replace(was, retry_at=now + PROBE))
        return None

    def settle(self, connection: sqlite3.Connection, report: CrawlReport, backoff: Backoff) -> None:
        """See `after`; inside the caller's transaction."""
        now = after(_of(connection, report.source), report, backoff)
        if now is None:
            connection.execute("DELETE FROM breakers WHERE source = ?", (report.source,))
        else:
            _put(connection, now)


def _of(connection: sqlite3.Connection, source: str) -> Breaker | None:
    row = connection.execute("SELECT * FROM breakers WHERE source = ?", (source,)).fetchone()
    return _breaker(row) if row else None


def _put(connection: sqlite3.Connection, breaker: Breaker) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO breakers VALUES (?, ?, ?, ?, ?)",
        (breaker.source, breaker.reason, to_micros(breaker.since), breaker.failures, to_micros(breaker.retry_at)),
    )


def _breaker(row: tuple[Any, ...]) -> Breaker:
    return Breaker(row[0], row[1], from_micros(row[2]), row[3], from_micros(row[4]))
