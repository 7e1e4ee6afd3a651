"""Rests: how long a publisher wants one of its feeds left alone.

Owns what an RSS `ttl` and a status of 410 ask for, and their table in `crawl.db`. A `ttl` is kept only of a feed that
was read whole with everything in the log, so a feed that rests never hides what we do not have. Addresses are kept as
digests, since a query may hold a credential. Does not own Retry-After, which is about a whole site (`breaker`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crawlers.validators import digest
from stream.database import Database, from_micros, to_micros

SCHEMA = """
CREATE TABLE IF NOT EXISTS rests (source TEXT NOT NULL, address TEXT NOT NULL, since INTEGER NOT NULL,
    seconds INTEGER NOT NULL, gone INTEGER NOT NULL, PRIMARY KEY (source, address)) WITHOUT ROWID
"""
GONE_FOR = timedelta(days=7)
"""How long a feed that its publisher gave up for good is not asked for."""
LONGEST = timedelta(hours=1)
"""News wait no longer, whatever a `ttl` says: many a template says a day and the feed moves on within the hour."""
_EARLY = 0.8
"""A crawl that its timetable's jitter brought forward by less than a fifth comes as asked."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What a feed's publisher asked for."""

    since: datetime
    length: timedelta
    gone: bool = False

    def over(self, now: datetime) -> bool:
        """Whether the feed may be asked for again."""
        return now >= self.since + self.length * _EARLY

    def begun(self, at: datetime) -> "Rest":
        """The same again, from then on."""
        return Rest(at, self.length, self.gone)


def of_ttl(minutes: int, since: datetime) -> Rest | None:
    """What a `ttl` asks for; None if it asks for nothing."""
    return Rest(since, min(timedelta(minutes=minutes), LONGEST)) if minutes > 0 else None


class Rests:
    """The table. Methods raise Unavailable when the file stays locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, source: str, address: str) -> Rest | None:
        """What was asked for last, be it over or not."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT since, seconds, gone FROM rests WHERE source = ? AND address = ?", (source, digest(address))
            ).fetchone()
        return Rest(from_micros(row[0]), timedelta(seconds=row[1]), bool(row[2])) if row else None

    def keep(self, source: str, address: str, rest: Rest | None) -> None:
        """What holds from now on; None where nothing does."""
        if rest is None and self.of(source, address) is None:  # most feeds ask for nothing, and a write waits
            return
        with self._database.write() as connection:
            connection.execute("DELETE FROM rests WHERE source = ? AND address = ?", (source, digest(address)))
            if rest is not None:
                connection.execute(
                    "INSERT INTO rests VALUES (?, ?, ?, ?, ?)",
                    (source, digest(address), to_micros(rest.since), int(rest.length.total_seconds()), int(rest.gone)),
                )
