"""Request budgets: how many requests one host may get in a minute and in a day, all crawls together.

Owns the counting rule and its table in `crawl.db`. Does not own the waiting (`manners`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from stream.database import Database, from_micros, to_micros
from stream.zone import SHANGHAI

SCHEMA = """
CREATE TABLE IF NOT EXISTS budgets (host TEXT PRIMARY KEY, minute INTEGER NOT NULL, in_minute INTEGER NOT NULL,
    day INTEGER NOT NULL, in_day INTEGER NOT NULL) WITHOUT ROWID
"""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests one host has had in the minute and the day that are running."""

    minute: datetime
    """When the minute began."""
    in_minute: int
    day: datetime
    """Midnight in Asia/Shanghai."""
    in_day: int


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to one request: send it now, wait and ask again, or no more today."""

    spent: Spent
    """To be kept, whatever the answer."""
    wait_seconds: float = 0.0
    exhausted: bool = False


def grant(spent: Spent | None, now: datetime, per_minute: int, per_day: int) -> Grant:
    """Whether one more request may be sent.

    Args:
        spent: what was kept; None for a host never asked.
        now: aware.
        per_minute: most in a minute; 0 is no limit.
        per_day: most in a day; 0 is no limit.
    """
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    in_day = spent.in_day if spent is not None and spent.day == midnight else 0
    minute, in_minute = now, 0
    # a clock set back must not lock a host up for longer than its minute
    if spent is not None and spent.minute <= now < spent.minute + _MINUTE:
        minute, in_minute = spent.minute, spent.in_minute
    kept = Spent(minute, in_minute, midnight, in_day)
    if per_day and in_day >= per_day:
        return Grant(kept, exhausted=True)
    if per_minute and in_minute >= per_minute:
        return Grant(kept, wait_seconds=(minute + _MINUTE - now).total_seconds())
    return Grant(Spent(minute, in_minute + 1, midnight, in_day + 1))


class Budgets:
    """The table. Methods raise Unavailable when the file stays locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def spent(self) -> list[tuple[str, Spent]]:
        """What every host has had."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM budgets").fetchall()
        return [(row[0], Spent(from_micros(row[1]), row[2], from_micros(row[3]), row[4])) for row in rows]

    def begin_with(self, spent: Iterable[tuple[str, Spent]]) -> None:
        """Take over what another memory has counted."""
        rows = [(host, to_micros(one.minute), one.in_minute, to_micros(one.day), one.in_day) for host, one in spent]
        with self._database.write() as connection:
            connection.executemany("INSERT OR REPLACE INTO budgets VALUES (?, ?, ?, ?, ?)", rows)

    def ask(self, host: str, now: datetime, per_minute: int, per_day: int) -> Grant:
        """See `grant`; what is granted is counted before it is sent, whoever else is asking."""
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT minute, in_minute, day, in_day FROM budgets WHERE host = ?", (host,)
            ).fetchone()
            spent = Spent(from_micros(row[0]), row[1], from_micros(row[2]), row[3]) if row else None
            answer = grant(spent, now, per_minute, per_day)
            kept = answer.spent
            connection.execute(
                "INSERT OR REPLACE INTO budgets VALUES (?, ?, ?, ?, ?)",
                (host, to_micros(kept.minute), kept.in_minute, to_micros(kept.day), kept.in_day),
            )
        return answer
