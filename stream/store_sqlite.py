"""The post store in one SQLite file: the embedded adapter of `ports.PostStore`.

Owns the port: transactions and pages. The tables and their writing belong to `store_tables`, counting to
`store_counts`, what a query means as SQL to `selection`, words to `fulltext`, connections and SQLite's errors to
`database`.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from stream import cursors, store_export
from stream.codec import Unencodable
from stream.database import Database, from_micros, now, to_micros
from stream.highlights import highlighter
from stream.ports import Rejected
from stream.query import Count, Facet, Hit, Interval, Order, Page, PostQuery, check_forgotten
from stream.rankings import Key, Rankings
from stream.records import JudgedPost
from stream.selection import ROOM, Selection, first_row, mark, select
from stream.store_counts import by_facet, by_interval, count, count_up_to
from stream.store_tables import SCHEMA, UPGRADES, VERSION, Row, Writer, prepare, unpack
from stream.zone import SHANGHAI

_COUNTED = 10_000
"""A search counts no further than this, and ranks only so many of the newest; `count` counts all."""
_AT_ONCE = 500
"""Posts forgotten in one transaction, so that the index worker is never kept waiting for long."""
_PAGES_AT_ONCE = 1000
"""Pages of the full-text index merged in one transaction, for the same reason."""
_WIDTH = {Interval.HOUR: 3_600_000_000, Interval.DAY: 86_400_000_000}
_FARTHEST = 1 << 60
"""Microseconds; no time is farther from 1970, and what is would not fit a column."""


class SqliteStore:
    """A `PostStore` in a file, for as many threads and processes of one machine as like.

    Args:
        path: the file; its folder must exist.
        clock: gives `Hit.indexed_at`.
        busy_seconds: how long a put waits for other processes before it is Unavailable.
    """

    def __init__(self, path: Path, *, clock: Callable[[], datetime] = now, busy_seconds: float = 10.0) -> None:
        self._clock = clock
        self._rankings = Rankings()
        self._database = Database(
            path, SCHEMA, application_id=0x676C7374, version=VERSION, upgrades=UPGRADES, busy_seconds=busy_seconds
        )

    def put(self, posts: Sequence[JudgedPost]) -> None:
        """See `ports.PostStore.put`. One transaction. A repetition changes nothing, `indexed_at` included."""
        rows: dict[str, Row] = {}
        refused: list[str] = []
        for judged in sorted(posts, key=lambda one: one.judged_at):
            try:
                row = prepare(judged)
            except Unencodable:
                refused.append(judged.post.id)
                continue
            other = rows.get(judged.post.id)
            if other is None or row.rank >= other.rank:
                rows[judged.post.id] = row
        if rows:
            with self._database.write() as connection:
                Writer(connection).put(list(rows.values()), to_micros(self._clock()))
        if refused:
            raise Rejected(f"{len(refused)} posts cannot be encoded", refused)

    def get(self, id: str) -> Hit | None:
        """See `ports.PostStore.get`."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT body, indexed FROM posts JOIN documents USING (row) WHERE id = ?", (id,)
            ).fetchone()
        return _hit(*row) if row else None

    def search(self, query: PostQuery, size: int, after: str = "") -> Page:
        """See `ports.PostStore.search`. Totals are exact up to 10,000, and the newest 10,000 matches are ranked.

        By relevance a reader goes on in the ranking of the first page, as long as this object remembers it.
        """
        if size < 1:
            raise ValueError("每页至少要有一条")
        selection, places = select(query), highlighter(query)
        ranked = query.order is Order.RELEVANCE and bool(query.text.strip()) and not selection.words()[1]
        cursor = _after(after, ranked=ranked) if after else None
        with self._database.read() as connection:
            if ranked:
                found, name = self._best(connection, query, selection, size + 1, cursor)
            else:
                found, name = _newest(connection, selection, size + 1, cursor and cursor[0]), ""
            total = len(found)  # of a first page that is the last, all there is has been seen
            if after or total > size or total >= _COUNTED:
                total = count_up_to(connection, selection, _COUNTED + 1)
            keys, more = found[:size], len(found) > size
            hits = _hits(connection, [key[2] for key in keys])
        return Page(
            hits=tuple(replace(hit, highlights=places(hit.judged.post)) for hit in hits),
            after=cursors.write(keys[-1][0 if ranked else 1 :], name, ranked=ranked) if more else "",
            total=min(total, _COUNTED),
            total_exact=total <= _COUNTED,
        )

    def _best(
        self,
        connection: sqlite3.Connection,
        query: PostQuery,
        selection: Selection,
        size: int,
        cursor: tuple[Key, str] | None,
    ) -> tuple[list[Key], str]:
        """The first `size` keys after a cursor, best match first, and the name of the ranking they come from.

        Every post that comes or goes changes the scores of all, so a reading goes on in the ranking it began with, in
        this process and while that is remembered; else the posts are ranked anew.
        """
        if cursor:
            start, name = cursor
            behind = self._rankings.behind(name, query, start)
            if behind is not None:
                return _still_found(connection, selection, behind, size), name
        found = _ranked(connection, selection, cursor and cursor[0])
        return found[:size], self._rankings.keep(query, found) if len(found) >= size else ""

    def count(self, query: PostQuery) -> int:
        """See `ports.PostStore.count`."""
        selection = select(query)
        with self._database.read() as connection:
            return count(connection, selection)

    def count_by(self, query: PostQuery, by: Facet | Interval, limit: int = 100) -> list[Count]:
        """See `ports.PostStore.count_by`. Posts that name no author are not counted by author."""
        selection = select(query)
        with self._database.read() as connection:
            if isinstance(by, Interval):
                counted = by_interval(connection, selection, _WIDTH[by])
                return [Count(from_micros(start).astimezone(SHANGHAI).isoformat(), posts) for start, posts in counted]
            return [Count(value, posts) for value, posts in by_facet(connection, selection, by, limit)]

    def forget(self, *, before: datetime | None = None, sources: Sequence[str] = (), author: str = "") -> int:
        """See `ports.PostStore.forget`. In several transactions; when interrupted, call it again.

        An author's words leave the file as well, those included that were removed before.
        """
        check_forgotten(before, sources, author)
        forgotten = 0
        while True:
            with self._database.write() as connection:
                documents = _forgettable(connection, before, sources, author)
                Writer(connection).remove(documents)
                if before is not None and not sources:
                    Writer(connection).unbury(to_micros(before))
            forgotten += len(documents)
            if len(documents) < _AT_ONCE:
                break
        if author:
            self._rewrite_words()
        return forgotten

    def _rewrite_words(self) -> None:
        """Merge the full-text index into one: what was removed stands in it until then, under a mark that says so."""
        at_once = -_PAGES_AT_ONCE  # negative begins with everything there is, else only what is due is merged
        merging = True
        while merging:
            with self._database.write() as connection:
                merging = Writer(connection).merge(at_once)
            at_once = _PAGES_AT_ONCE

    def export(self, after: int = store_export.BEGINNING) -> Iterator[tuple[int, list[JudgedPost]]]:
        """All posts in batches, each with the place to go on after; then tombstones, with the place of the last."""
        last = after
        for last, batch in store_export.posts(self._database, after):
            yield last, batch
        for batch in store_export.tombstones(self._database):
            yield last, batch

    def check(self) -> None:
        """See `ports.PostStore.check`."""
        self._database.check()

    def close(self) -> None:
        """See `ports.PostStore.close`."""
        self._database.close()


def _forgettable(
    connection: sqlite3.Connection, before: datetime | None, sources: Sequence[str], author: str
) -> list[tuple[int, bytes]]:
    """Row numbers and documents of some of those to be forgotten."""
    values: tuple[object, ...]
    if before is None:
        source, where = "words CROSS JOIN posts p", "words MATCH ? AND p.row = words.rowid AND p.author = ?"
        values = (f'"{mark("author", author)}"', author)
    elif sources:
        source, where = "words CROSS JOIN posts p", "words MATCH ? AND p.row = words.rowid AND p.published < ?"
        values = (" OR ".join(f'"{mark("source", name)}"' for name in sources), to_micros(before))
    else:
        time = to_micros(before)
        source, where, values = "posts p", "p.row < ? AND p.published < ?", (first_row(time) + ROOM, time)
    sql = f"SELECT p.row, body FROM {source} JOIN documents USING (row) WHERE {where} LIMIT {_AT_ONCE}"  # noqa: S608
    return connection.execute(sql, values).fetchall()


def _newest(connection: sqlite3.Connection, selection: Selection, size: int, start: Key | None) -> list[Key]:
    """The first `size` keys after `start`, newest first."""
    source, where, row_number, values = selection.sql()
    if start is not None:
        where += f" AND {row_number} < ?"
        values += (first_row(start[1]) + ROOM,)
    sql = f"SELECT p.row, p.published, p.id FROM {source} WHERE {where} ORDER BY {row_number} DESC"  # noqa: S608
    found: list[Key] = []
    span = None
    for row, published, of_post in connection.execute(sql, values):
        # rows are in order of their span only, so a span is taken whole
        if row // ROOM != span:
            if len(found) >= size:
                break
            span = row // ROOM
        key = (0.0, published, of_post)
        if start is None or key < start:
            found.append(key)
    found.sort(reverse=True)
    return found[:size]


def _ranked(connection: sqlite3.Connection, selection: Selection, start: Key | None) -> list[Key]:
    """All keys after `start`, best match first: by the score that its post has now; the one it had serves only when it
    is gone."""
    source, where, row_number, values = selection.sql()
    after = ""
    if start is not None:
        after = "WHERE (score, published, id) < (coalesce((SELECT score FROM ranked WHERE id = ?), ?), ?, ?)"
        values += (start[2], *start)
    sql = f"""
        WITH ranked AS (
            SELECT -bm25(words, 1, 1, 1, 0) AS score, p.published AS published, p.id AS id
            FROM {source} WHERE {where} ORDER BY {row_number} DESC LIMIT {_COUNTED}
        )
        SELECT * FROM ranked {after} ORDER BY score DESC, published DESC, id DESC"""  # noqa: S608 — made of our own words
    return connection.execute(sql, values).fetchall()


def _still_found(connection: sqlite3.Connection, selection: Selection, keys: list[Key], size: int) -> list[Key]:
    """The first `size` of these keys whose posts are there and match now, whatever they were when they were ranked."""
    _, where, _, values = selection.sql()
    sql = f"""
        SELECT p.id FROM json_each(?) AS asked CROSS JOIN posts p ON p.id = asked.value CROSS JOIN words
        WHERE {where}"""  # noqa: S608 — made of our own words
    found: list[Key] = []
    for first in range(0, len(keys), size):
        some = keys[first : first + size]
        there = {of_post for (of_post,) in connection.execute(sql, (_json([key[2] for key in some]), *values))}
        found += [key for key in some if key[2] in there]
        if len(found) >= size:
            break
    return found[:size]


def _hits(connection: sqlite3.Connection, ids: Sequence[str]) -> list[Hit]:
    found = connection.execute(
        "SELECT body, indexed FROM json_each(?) JOIN posts ON posts.id = value JOIN documents USING (row) ORDER BY key",
        (_json(ids),),
    )
    return [_hit(body, indexed) for body, indexed in found]


def _hit(body: bytes, indexed: int) -> Hit:
    return Hit(unpack(body), from_micros(indexed))


def _json(ids: Sequence[str]) -> str:
    return msgspec.json.encode(ids).decode()


def _after(cursor: str, *, ranked: bool) -> tuple[Key, str]:
    """The key of the last hit, and the name of the ranking it comes from."""
    values, name = cursors.read(cursor, ranked=ranked)
    key: Any = tuple(values) if ranked else (0.0, *values)
    if not -_FARTHEST < key[1] < _FARTHEST:
        raise ValueError(cursors.REFUSED)
    return key, name
