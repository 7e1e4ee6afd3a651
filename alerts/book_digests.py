"""The digests a book remembers, so that a window is reported once and a mail can be made again from the same words.

Owns the rows, and that quotes leave them. Does not own what a digest says (`digest`, `report_codec`) nor its mails'
life (`book_outbox`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, or_, select, update

from alerts.book_outbox import OutboxPages, added
from alerts.book_tables import digests
from alerts.figures import Quote
from alerts.report_codec import quoted, without

_WORDS_A_STATEMENT: Final = 50


@dataclass(frozen=True, slots=True)
class StoredDigest:
    """A digest as it was composed."""

    id: str
    """Derived from name and window."""
    name: str
    since: datetime
    until: datetime
    body: str
    """JSON text of `report_codec`; empty once its posts are past retention."""
    created_at: datetime


class DigestPages(OutboxPages):
    """The pages of the book that hold digests."""

    def open_digest(
        self,
        id: str,
        name: str,
        *,
        since: datetime,
        until: datetime,
        body: str,
        created_at: datetime,
        recipients: Sequence[str] = (),
    ) -> bool:
        """Remember a digest and owe it to its recipients, in one transaction; True if this call created it.

        A digest that exists keeps its first words; recipients it was not yet owed to are added.
        """
        values = {"id": id, "name": name, "since": since, "until": until, "body": body, "created_at": created_at}
        with self._db.write() as connection:
            created = added(connection, self._db.insert(digests).values(values), digests)
            for recipient in recipients:
                self._queue_mail(connection, id, recipient, created_at)
            return created

    def digest(self, id: str) -> StoredDigest | None:
        """The digest with this id."""
        with self._db.read() as connection:
            row = connection.execute(select(digests).where(digests.c.id == id)).one_or_none()
        return None if row is None else StoredDigest(**row._mapping)

    def digests(self, limit: int = 30) -> tuple[StoredDigest, ...]:
        """The newest digests, newest first."""
        with self._db.read() as connection:
            rows = connection.execute(select(digests).order_by(digests.c.until.desc(), digests.c.id).limit(limit))
            return tuple(StoredDigest(**row._mapping) for row in rows)

    def reported_until(self, name: str) -> datetime | None:
        """The latest end of a window that was reported under this name; None if none was."""
        latest = select(func.max(digests.c.until)).where(digests.c.name == name)
        with self._db.read() as connection:
            until: datetime | None = connection.execute(latest).scalar_one()
        return until

    def quoted(self, since: datetime) -> set[str]:
        """The posts quoted in the reports made at or after a time."""
        with self._db.read() as connection:
            bodies = connection.execute(select(digests.c.body).where(digests.c.created_at >= since)).scalars()
            return set().union(*map(quoted, bodies))

    def unquote(self, posts: Sequence[str]) -> None:
        """Take the quotes of these posts out of every report that is kept."""
        with self._db.write() as connection:
            self._unquote(connection, posts, lambda quote: quote.post in posts)

    def _unquote(self, connection: Connection, words: Sequence[str], gone: Callable[[Quote], bool]) -> None:
        """Rewrite the reports that hold one of the words and a quote that is gone."""
        for start in range(0, len(words), _WORDS_A_STATEMENT):
            some = words[start : start + _WORDS_A_STATEMENT]
            holds = or_(*(digests.c.body.contains(word, autoescape=True) for word in some))
            # locked in one order: of two that rewrite a report at once, the second begins with the words of the first
            held = select(digests.c.id, digests.c.body).where(holds).order_by(digests.c.id).with_for_update()
            for name, body in connection.execute(held).all():
                connection.execute(update(digests).where(digests.c.id == name).values(body=without(body, gone)))
