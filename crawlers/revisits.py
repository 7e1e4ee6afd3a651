"""Revisits: which posts are looked at again and when, what a second look changes, and whether a post is gone.

Owns the schedule and its table in `crawl.db`. Of a post it keeps its identity, its address, its time and its counts
until the last visit; no words and no author. Does not own the requests (`spiders.returning`) nor how long a platform's
posts wait for an answer (`platforms`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from crawlers.addresses import canonical_url
from stream.codec import content, decode_post, encode
from stream.database import Database, from_micros, to_micros
from stream.records import Post

SCHEMA = """
CREATE TABLE IF NOT EXISTS revisits (source TEXT NOT NULL, native TEXT NOT NULL, due INTEGER NOT NULL,
    gone INTEGER NOT NULL, stamp TEXT NOT NULL, known BLOB NOT NULL, PRIMARY KEY (source, native)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS revisits_due ON revisits (source, due);
CREATE TABLE IF NOT EXISTS buried (source TEXT NOT NULL, native TEXT NOT NULL,
    PRIMARY KEY (source, native)) WITHOUT ROWID
"""
SCHEDULE = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), timedelta(hours=72))
"""After publication. A post is looked at once for each step, as soon after it as a crawl runs."""
LAPSES = timedelta(days=7)
"""After it was due; a visit that nobody made until then is passed over."""
Ages = tuple[timedelta, ...]
"""After publication, beyond the schedule: when a post is looked at again as long as its case is not settled."""
ASK_AGAIN = timedelta(hours=1)
"""Until a post whose page was missing without a word is asked for once more."""
_FEW = 3


@dataclass(frozen=True, slots=True)
class Visit:
    """A post that is to be looked at again."""

    known: Post
    """As it was last seen, without words, author and title; its address is the one that its page was found by,
    empty where it has none of its own."""
    due: datetime
    gone: int = 0
    """How often its page was missing without a word since it was last seen."""
    stamp: str = ""
    """What `stamp` gave for the post as it was last logged."""

    @property
    def listed(self) -> bool:
        """It has no page of its own: it is looked at when a list shows it, and never asked for."""
        return not self.known.url


@dataclass(frozen=True, slots=True)
class Gone:
    """A post whose page was not there."""

    tombstone: Post
    said: bool
    """The platform says in words that it is gone; otherwise only the status does."""
    before: int = 0
    """How often it was missing at earlier crawls."""
    among: bool = False
    """Its page was there and had other posts on it; only this one was taken away."""


def next_visit(published: datetime, last: datetime, waits: Ages = ()) -> datetime | None:
    """When a post seen at `last` is due again; None when the schedule is over.

    Args:
        published: when it was published.
        last: when it was seen.
        waits: further looks, because its case was not settled then.
    """
    return next((published + after for after in (*SCHEDULE, *waits) if published + after > last), None)


def due_list(visits: Iterable[Visit], now: datetime, most: int) -> list[Visit]:
    """The pages to ask for now, the youngest posts first, since those change fastest; at most `most`."""
    ready = [one for one in visits if not one.listed and now - LAPSES < one.due <= now]
    return sorted(ready, key=lambda one: (one.known.published_at, one.known.id), reverse=True)[:most]


def combined(known: Post, seen: Post) -> Post:
    """A post as seen again; what its own page does not say stays as it was known."""
    # told again, it is no surer than it was; on its way here it lost its fraction of a second
    same = abs(seen.published_at - known.published_at) < timedelta(seconds=1)
    estimated = same or seen.published_estimated or not known.published_estimated
    return replace(
        seen,
        url=canonical_url(known.url) or seen.url,
        published_at=known.published_at if estimated else seen.published_at,
        published_estimated=known.published_estimated if estimated else seen.published_estimated,
        target=seen.target or known.target,
        parent=seen.parent or known.parent,
        store=seen.store or known.store,
        likes=known.likes if seen.likes is None else seen.likes,
        comments=known.comments if seen.comments is None else seen.comments,
        reposts=known.reposts if seen.reposts is None else seen.reposts,
        rating=known.rating if seen.rating is None else seen.rating,
        score=known.score if seen.score is None else seen.score,
        replied_at=seen.replied_at or known.replied_at,
        known_since=known.known_since or known.fetched_at,
    )


def stamp(post: Post) -> str:
    """The same for the same post whenever and as whatever source it was fetched; tells an edit or a grown count."""
    return blake2b(content(replace(post, source="")), digest_size=12).hexdigest()


def believed(gone: Sequence[Gone], alive: int) -> list[Gone]:
    """Those that are gone indeed.

    A site that says of most posts that they do not exist is hiding them, so then none is believed; one that shows
    what stands beside a post hides nothing. A page that is missing without a word is believed if another post's page
    was there, or the second time.

    Args:
        gone: posts whose pages were not there at this crawl.
        alive: how many posts' pages were.
    """
    missing = sum(not one.among for one in gone)
    hiding = missing > _FEW and missing > alive
    return [one for one in gone if one.among or (not hiding and (one.said or alive or one.before))]


class Revisits:
    """The table. Methods raise Unavailable when the file stays locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, source: str, posts: Iterable[tuple[Post, Ages, str | None]]) -> None:
        """These are in the log as they are now: look at each when it is due, counted from its fetch time.

        Args:
            source: whose posts.
            posts: each with its `waits`, and where its page is: empty for its address, None where it has none.
        """
        rows, over = [], []
        for post, waits, page in posts:
            due = next_visit(post.published_at, post.fetched_at, waits)
            if due is None:
                over.append((source, post.native_id))
                continue
            bare = replace(post, text="", title="", quoted="", author="", url="" if page is None else page or post.url)
            rows.append((source, post.native_id, to_micros(due), 0, stamp(post), encode(bare)))
        with self._database.write() as connection:
            connection.executemany("INSERT OR REPLACE INTO revisits VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.executemany("DELETE FROM revisits WHERE source = ? AND native = ?", over)

    def due(self, source: str, now: datetime, most: int) -> list[Visit]:
        """See `due_list`."""
        return due_list(self._until(source, now), now, most)

    def of(self, source: str, native: str) -> Visit | None:
        """The next visit of this post, due or not; None when there is none left."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT known, due, gone, stamp FROM revisits WHERE source = ? AND native = ?", (source, native)
            ).fetchone()
        return _visit(row) if row else None

    def settle(self, source: str, visits: Iterable[tuple[Visit, datetime, Ages]]) -> None:
        """Looked at then, and unchanged or not to be had: each is due at its next step, or never again."""
        rows = [(one.known.native_id, next_visit(one.known.published_at, at, waits)) for one, at, waits in visits]
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE revisits SET due = ?, gone = 0 WHERE source = ? AND native = ?",
                [(to_micros(due), source, native) for native, due in rows if due],
            )
            connection.executemany(
                "DELETE FROM revisits WHERE source = ? AND native = ?",
                [(source, native) for native, due in rows if due is None],
            )

    def miss(self, source: str, natives: Iterable[str], now: datetime) -> None:
        """Not there, and not believed: asked for once more a little later."""
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE revisits SET gone = gone + 1, due = ? WHERE source = ? AND native = ?",
                [(to_micros(now + ASK_AGAIN), source, native) for native in natives],
            )

    def forget(self, source: str, natives: Iterable[str]) -> None:
        """Gone for good, and the log has been told."""
        rows = [(source, native) for native in natives]
        with self._database.write() as connection:
            connection.executemany("DELETE FROM revisits WHERE source = ? AND native = ?", rows)
            connection.executemany("INSERT OR IGNORE INTO buried VALUES (?, ?)", rows)

    def buried(self, source: str, natives: Iterable[str]) -> set[str]:
        """Those of which the log has been told that they are gone."""
        query = "SELECT native FROM buried WHERE source = ? AND native = ?"
        with self._database.read() as connection:
            return {native for native in natives if connection.execute(query, (source, native)).fetchone()}

    def tidy(self, source: str, now: datetime, waits: Ages) -> None:
        """Pass over the visits that nobody made in time, for the next step if there is one."""
        if late := self._until(source, now - LAPSES):
            self.settle(source, [(visit, now, waits) for visit in late])

    def _until(self, source: str, last: datetime) -> list[Visit]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT known, due, gone, stamp FROM revisits WHERE source = ? AND due <= ?", (source, to_micros(last))
            ).fetchall()
        return [_visit(row) for row in rows]


def _visit(row: tuple[bytes, int, int, str]) -> Visit:
    known, due, gone, stamped = row
    return Visit(decode_post(known), from_micros(due), gone, stamped)
